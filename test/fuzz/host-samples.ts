/** One message of every kind that an executor host says, as it says it. */
const facts = { memoryBytes: 65_536, ownBytes: 4096, overheadBytes: 128, root: 'ab'.repeat(32) };
const entry = { path: '/home/world/f', kind: 'file', sizeBytes: 5, mode: 0o644, mtimeMs: 1.5 };
const done = {
  kind: 'done',
  ok: true,
  changed: true,
  value: '1',
  error: null,
  effects: [
    { kind: 'report', cost: '3/2' },
    { kind: 'transfer', to: 'bank', token: 'GOLD', amount: '5' },
  ],
  stdoutTruncated: false,
  stderrTruncated: false,
  runMs: 1,
};
const registers = {
  stackPointer: 65_536,
  heapTop: 131_072,
  clockNs: '1700000000000000000',
  entropySeed: '5',
  entropyDrawn: '0',
  cwd: '/home/world',
  umask: 18,
  openFiles: [{ fd: 3, ino: 5, path: '/home/world/f', flags: 0, position: 0, group: 1 }],
};
const node = {
  path: '/home/world/f',
  ino: 5,
  mode: 0o100644,
  atimeMs: 1,
  mtimeMs: 1,
  ctimeMs: 1,
  rdev: 0,
  sizeBytes: 5,
  pages: [7],
};

export const HOST_MESSAGES: readonly object[] = [
  { type: 'ready', baseDigest: 'a'.repeat(64), base: facts },
  { type: 'startupPart', offset: 0, totalBytes: 100 },
  { type: 'started', run: 1 },
  { type: 'overCpu', run: 1 },
  { type: 'output', run: 1, stream: 'stdout', text: 'hello\n' },
  { type: 'ran', run: 1, outcome: done },
  { type: 'ran', run: 1, outcome: { kind: 'interrupted', runMs: 3 } },
  { type: 'committed', run: 1, facts, slotsUsed: 9 },
  { type: 'failed', run: 1, reason: 'engine', message: 'unreachable' },
  { type: 'pages', request: 2 },
  { type: 'described', request: 2, registers, files: { nodes: [node], orphans: [], nextIno: 6 } },
  { type: 'adopted', request: 2 },
  { type: 'uploaded', request: 2 },
  { type: 'built', request: 2, facts },
  { type: 'listed', request: 2, entry: { ...entry, kind: 'directory' }, entries: [entry], more: false },
  { type: 'filePart', request: 2, entry },
  { type: 'edited', request: 2, facts, changes: [{ path: '/home/world/f', sizeBytes: 5 }] },
  {
    type: 'filesCompared',
    request: 2,
    differences: [{ path: '/home/world/f', before: null, after: entry, content: true }],
    more: false,
  },
  { type: 'compared', request: 2, differing: 3, total: 1000 },
  { type: 'refused', request: 2, reason: 'unknownState', message: 'no such state' },
  { type: 'fatal', message: 'the engine does not start', image: false },
];
