import { Socket } from 'node:net';
import { compileEngine, makeStartupSnapshot } from '../executor/startup-snapshot.js';
import { connectFrames } from './frame-connection.js';
import { ExecutorHost } from './host.js';
import type { ControlMessage, HostMessage } from './wire.js';
import { spawnWorkerThread } from './worker-thread.js';

/** Entry of the executor host, a child of the control process that talks to it over descriptor 3. */
const CONTROL_FD = 3;

/** At once and without cleanup: workers may be in endless loops, and there is nothing to save here. */
function exit(): void {
  process.kill(process.pid, 'SIGKILL');
}

// Ctrl-C in a terminal reaches the whole process group; the control process decides when this one ends.
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
  makeStartup: makeStartupSnapshot,
  spawn: spawnWorkerThread,
  exit,
});
