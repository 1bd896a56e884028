/** A fault of the contract: a piece of its source, and what stands there instead. Each must be caught. */
export const PLANTED_FAULTS: Readonly<Record<string, readonly [from: string, to: string]>> = {
  'a push down gives x / n to each of n children': [
    'multiverseMap[children[i]][msg.sender] += amount;',
    'multiverseMap[children[i]][msg.sender] += amount / children.length;',
  ],
  'parts of a partition may overlap': [
    'if (!Boxes.excludeEachOther(parts[i], parts[j])) revert OVERLAP(children[i], children[j]);',
    '',
  ],
  'a resolved question can still be split by': [
    'children.length == 1 && (!merge || children[0] == parent)',
    'children.length == 1 && children[0] == parent && (merge || !merge)',
  ],
  'a verse with some impossible outcomes counts as if all were possible': [
    'cells[i] = Cell(box[i].condition, box[i].outcomes & live, live);',
    'cells[i] = Cell(box[i].condition, live == 0 ? 0 : box[i].outcomes, _fullSet(one.outcomeCount));',
  ],
  'what rounding leaves is forgotten': ['_addDust(target, remainder, den);', ''],
  'anyone may report an outcome': ['if (msg.sender != found.oracle)', 'if (msg.sender == address(0))'],
};

/** The sources with a fault. @throws when the source no longer has that place. */
export function withFault(
  sources: Readonly<Record<string, string>>,
  [from, to]: readonly [string, string],
): Record<string, string> {
  let places = 0;
  const altered = Object.entries(sources).map(([name, text]) => {
    places += text.split(from).length - 1;
    return [name, text.replaceAll(from, to)];
  });
  if (places !== 1) throw new Error(`the contract has ${places} places with: ${from}`);
  return Object.fromEntries(altered) as Record<string, string>;
}
