// The five triads of skills that the runtime is part of: three trits each, which must cancel out.
//
//   node examples/triads/main.mjs
import { numbersFrom, withRuntime } from '../with-runtime.mjs';

const { dataDir } = numbersFrom({});

await withRuntime(dataDir, async (runtime) => {
  const { triads, catsharp } = await runtime.triads();
  for (const { topic, members, gf3Sum, balanced } of triads) {
    const product = members.map(({ name, trit }) => `${name} (${signed(trit)})`).join(' ⊗ ');
    print(`${product} = ${gf3Sum} ${balanced ? '✓' : '✗'}  [${topic[0].toUpperCase()}${topic.slice(1)}]\n`);
  }
  const conserved = triads.filter(({ balanced }) => balanced).length;
  print(`\n${conserved} of ${triads.length} conserve: their trits sum to 0 mod 3.\n\n`);

  // In Cat# the runtime has another trit than in its triads. It is no member of a triad there, so nothing is summed.
  const { trit, home, polyOp, kanRole, color } = catsharp;
  const own = new Set(
    triads.flatMap(({ members }) => members.filter(isRuntime).map((one) => signed(one.trit))),
  );
  print(`Its trit in the triads: ${[...own].join(', ')}\n`);
  print(
    `In Cat#: trit ${signed(trit)}, home ${home}, operation ${polyOp}, Kan role ${kanRole}, colour ${color}\n`,
  );
});

function isRuntime({ name }) {
  return name === 'world-runtime';
}

function signed(trit) {
  return trit > 0 ? `+${trit}` : String(trit);
}

function print(text) {
  process.stdout.write(text);
}
