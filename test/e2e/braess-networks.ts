import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { RoutingNetwork } from '../../src/surfaces/cli/demo/check-routing.js';

export const BRAESS_FOLDER = resolve(import.meta.dirname, '../../examples/braess');

type Roads = RoutingNetwork['roads'];

function network(roads: Roads): RoutingNetwork {
  return { source: 's', target: 't', roads };
}

/** Braess's network with this latency on the link from a to b. */
export function braess(slope: string, constant: string): RoutingNetwork {
  return network([
    ['s', 'a', '1', '0'],
    ['a', 't', '0', '1'],
    ['s', 'b', '0', '1'],
    ['b', 't', '1', '0'],
    ['a', 'b', slope, constant],
  ]);
}

/** Pigou's: one road that jams and one that does not, side by side. */
export const PIGOU = network([
  ['s', 't', '1', '0'],
  ['s', 't', '0', '1'],
]);

/** Copies the example and puts another network into its network.py. */
export function copyWithNetwork(folder: string, { roads }: RoutingNetwork): void {
  cpSync(BRAESS_FOLDER, folder, { recursive: true });
  const file = join(folder, 'network.py');
  const before = readFileSync(file, 'utf8');
  const lines = roads.map(([tail, head, slope, constant]) => {
    return `    road("${tail}", "${head}", "${slope}", "${constant}"),\n`;
  });
  const after = before.replace(/^NETWORK = \[\n[\s\S]*?^\]\n/m, `NETWORK = [\n${lines.join('')}]\n`);
  writeFileSync(file, after);
}
