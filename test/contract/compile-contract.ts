import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import solc from 'solc';

/** Where the sources and the compiled contract are. */
export const CONTRACTS = resolve(import.meta.dirname, '../../contracts');

/** The files that the contract consists of. */
export const SOURCES = ['Boxes.sol', 'Multiverse.sol'] as const;

/** How it is compiled. The version of the compiler is the one that package.json pins. */
export const SETTINGS = { evmVersion: 'cancun', optimizer: { enabled: true, runs: 200 } } as const;

/** One entry of an ABI, as far as we read it. */
export interface AbiEntry {
  readonly type: string;
  readonly name?: string;
  readonly inputs?: readonly AbiParameter[];
  readonly outputs?: readonly AbiParameter[];
}

export interface AbiParameter {
  /** Of an event: it is a topic. */
  readonly indexed?: boolean;
  readonly name: string;
  readonly type: string;
  readonly components?: readonly AbiParameter[];
}

/** A contract as it came from the compiler. */
export interface Compiled {
  readonly abi: readonly AbiEntry[];
  /** What a deployment sends, before the constructor's arguments: 0x and hex. */
  readonly bytecode: string;
  /** Bytes that lie on the chain. */
  readonly sizeBytes: number;
  /** What its documentation says of functions, events and errors, by signature. */
  readonly notes: Readonly<Record<string, Note>>;
  /** Where the variables are in the contract's storage, by name. */
  readonly slots: Readonly<Record<string, bigint>>;
}

/** What NatSpec has on something: a notice, and the names of the parameters that are explained. */
export interface Note {
  readonly notice: boolean;
  readonly params: readonly string[];
}

/** The committed file: what was compiled, how, and from what. */
export interface Artifact {
  readonly contract: string;
  readonly solc: string;
  readonly settings: typeof SETTINGS;
  /** SHA-256 of each source in hex. */
  readonly sources: Readonly<Record<string, string>>;
  readonly abi: readonly AbiEntry[];
  readonly bytecode: string;
}

/** The sources of the contract, by file name. */
export function readSources(): Record<string, string> {
  return Object.fromEntries(SOURCES.map((name) => [name, readFileSync(join(CONTRACTS, name), 'utf8')]));
}

/** Functions and events have one entry by signature; errors a list of them. */
type Documentation = Readonly<Partial<Record<'methods' | 'events' | 'errors' | 'stateVariables', object>>>;

interface CompilerOutput {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly contracts?: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly abi: readonly AbiEntry[];
            readonly evm: {
              readonly bytecode: { readonly object: string };
              readonly deployedBytecode: { readonly object: string };
            };
            readonly userdoc?: Documentation;
            readonly devdoc?: Documentation;
            readonly storageLayout?: {
              readonly storage: readonly { readonly label: string; readonly slot: string }[];
            };
          }
        >
      >
    >
  >;
}

/**
 * Compiles Solidity sources and returns every contract by name. Warnings are errors.
 *
 * @throws what the compiler says.
 */
export function compile(sources: Readonly<Record<string, string>>): Map<string, Compiled> {
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(Object.entries(sources).map(([name, content]) => [name, { content }])),
    settings: {
      ...SETTINGS,
      outputSelection: {
        '*': {
          '*': [
            'abi',
            'evm.bytecode.object',
            'evm.deployedBytecode.object',
            'storageLayout',
            'userdoc',
            'devdoc',
          ],
        },
      },
    },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input))) as CompilerOutput;
  const complaints = (output.errors ?? []).filter(({ severity }) => severity !== 'info');
  if (complaints.length > 0)
    throw new Error(complaints.map(({ formattedMessage }) => formattedMessage).join('\n'));
  const found = new Map<string, Compiled>();
  for (const file of Object.values(output.contracts ?? {})) {
    for (const [name, { abi, evm, storageLayout, userdoc = {}, devdoc = {} }] of Object.entries(file)) {
      const variables = storageLayout?.storage ?? [];
      found.set(name, {
        abi,
        bytecode: `0x${evm.bytecode.object}`,
        sizeBytes: evm.deployedBytecode.object.length / 2,
        notes: notesOf(userdoc, devdoc),
        slots: Object.fromEntries(variables.map(({ label, slot }) => [label, BigInt(slot)])),
      });
    }
  }
  return found;
}

function notesOf(userdoc: Documentation, devdoc: Documentation): Record<string, Note> {
  const notes: Record<string, Note> = {};
  for (const kind of ['methods', 'events', 'errors'] as const) {
    const params = Object.entries(devdoc[kind] ?? {});
    for (const [signature, said] of Object.entries(userdoc[kind] ?? {})) {
      const explained = params.find(([one]) => one === signature)?.[1] as { params?: object } | undefined;
      // Of an error there is a list, with one entry for each place that declares it.
      const notice = Array.isArray(said) ? said.length > 0 : said !== undefined;
      notes[signature] = { notice, params: Object.keys(explained?.params ?? {}) };
    }
  }
  return notes;
}

/** One contract by name. @throws when there is none, and what the compiler says. */
export function compileOne(sources: Readonly<Record<string, string>>, name: string): Compiled {
  const found = compile(sources).get(name);
  if (found === undefined) throw new Error(`there is no contract ${name} in ${Object.keys(sources)}`);
  return found;
}

/** What the committed file has to hold. */
export function artifactOf(sources: Readonly<Record<string, string>>): Artifact {
  const { abi, bytecode } = compileOne(sources, 'Multiverse');
  const digests = Object.entries(sources).map(([name, text]) => [
    name,
    createHash('sha256').update(text).digest('hex'),
  ]);
  return {
    contract: 'Multiverse',
    solc: solc.version().replace('.Emscripten.clang', ''),
    settings: SETTINGS,
    sources: Object.fromEntries(digests),
    abi,
    bytecode,
  };
}

/** The committed file, as text. */
export function artifactText(artifact: Artifact): string {
  return `${JSON.stringify(artifact, null, 1)}\n`;
}
