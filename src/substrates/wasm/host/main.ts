import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { compileEngine, makeStartupSnapshot } from '../executor/startup-snapshot.js';
import { connectFrames } from './frame-connection.js';
import { ExecutorHost } from './host.js';
import { readStartupFile } from './startup-file.js';
import type { ControlMessage, HostMessage } from './wire.js';
import { spawnAhead, spawnWorkerThread } from './worker-thread.js';

/** Entry of the executor host, a child of the control process that talks to it over descriptor 3. */
const CONTROL_FD = 3;
/** The file with the startup snapshot, or nothing. */
const STARTUP_FD = 4;

/** At once and without cleanup: workers may be in endless loops, and there is nothing to save here. */
function exit(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** Closes the file: no guest code shall ever run in a process that holds a descriptor of it. */
function takeStartup(): Uint8Array | null {
  const bytes = readStartupFile(STARTUP_FD);
  closeSync(STARTUP_FD);
  return bytes;
}

// Whoever interrupts the control process leaves it to that one when this one ends.
process.on('SIGINT', () => undefined);

const connection = connectFrames<HostMessage>(
  new Socket({ fd: CONTROL_FD, readable: true, writable: true }),
  {
    frame: ({ message, binary }) => host.receive(message as ControlMessage, binary),
    closed: exit,
  },
);
const host = new ExecutorHost({
  connection,
  compileEngine: async () => (await compileEngine()).module,
  readStartup: takeStartup,
  makeStartup: makeStartupSnapshot,
  spawn: spawnAhead(spawnWorkerThread),
  exit,
});
