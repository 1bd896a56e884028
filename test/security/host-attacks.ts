import type { AttackTargets } from './attack-targets.js';

/** JavaScript that has taken over the executor host, and how to tell that it reached what it wanted. */
export interface HostAttack {
  readonly name: string;
  /** Body of an async function of `require` and `target`. */
  readonly code: string;
  /** True when the attack had its effect. `answer` is the attacker's own word: only proof of a secret is believed. */
  readonly happened: (targets: AttackTargets, answer: unknown) => boolean | Promise<boolean>;
}

const knowsSecret: HostAttack['happened'] = ({ token }, answer) =>
  JSON.stringify(answer ?? null).includes(token);
const changedFiles: HostAttack['happened'] = ({ filesChanged }) => filesChanged;
const reached: HostAttack['happened'] = ({ wasReached }) => wasReached;
const victimDied: HostAttack['happened'] = ({ victimLives }) => !victimLives;
const listens: HostAttack['happened'] = (targets, answer) => targets.answers(answer);
const answered =
  (word: string): HostAttack['happened'] =>
  (_, answer) =>
    answer === word;

const reads = (name: string, code: string): HostAttack => ({
  name: `reads ${name}`,
  code,
  happened: knowsSecret,
});
const changes = (name: string, code: string): HostAttack => ({ name, code, happened: changedFiles });
const reaches = (name: string, code: string): HostAttack => ({ name, code, happened: reached });

const FS = `const fs = require('node:fs');`;
const CHILD = `const child = require('node:child_process');`;
const WRITE_MARK = `"require('fs').writeFileSync(process.argv[1] + '/mark', '')"`;

const READING: readonly HostAttack[] = [
  reads('a file', `${FS} return fs.readFileSync(target.secretFile, 'utf8');`),
  reads('a file by promise', `${FS} return fs.promises.readFile(target.secretFile, 'utf8');`),
  reads('a file by its bytes', `${FS} return fs.readFileSync(Buffer.from(target.secretFile), 'utf8');`),
  reads(
    'a file by URL',
    `${FS} return fs.readFileSync(require('node:url').pathToFileURL(target.secretFile), 'utf8');`,
  ),
  reads(
    'a file with dots in its path',
    `${FS} return fs.readFileSync(require('node:path').dirname(target.addon) + '/../../../../../../../../../../..' + target.secretFile, 'utf8');`,
  ),
  reads(
    'a file through the root of a process',
    `${FS} return fs.readFileSync('/proc/self/root' + target.secretFile, 'utf8');`,
  ),
  reads(
    'a file through the working folder',
    `${FS} return fs.readFileSync('/proc/self/cwd' + target.secretFile, 'utf8');`,
  ),
  reads(
    'a file through the root of another process',
    `${FS} return fs.readFileSync('/proc/' + target.victim + '/root' + target.secretFile, 'utf8');`,
  ),
  reads(
    'a file through a folder that it only has the path of',
    `${FS} const folder = fs.openSync(target.folder, 0o10000000); return fs.readFileSync('/proc/self/fd/' + folder + '/secret', 'utf8');`,
  ),
  reads(
    'a file as a stream',
    `${FS} let text = ''; for await (const part of fs.createReadStream(target.secretFile)) text += part; return text;`,
  ),
  reads(
    'a file as a module',
    `try { require(target.secretFile); return 'empty'; } catch (error) { return String(error.stack) + String(error); }`,
  ),
  reads(
    'the environment of a process',
    `${FS} return fs.readFileSync('/proc/' + target.victim + '/environ', 'utf8');`,
  ),
  reads(
    'the command line of a process',
    `${FS} return fs.readFileSync('/proc/' + target.victim + '/cmdline', 'utf8');`,
  ),
  reads(
    'a file in a nested worker',
    `const { Worker } = require('node:worker_threads');
     const code = 'require("worker_threads").parentPort.postMessage(require("fs").readFileSync(require("worker_threads").workerData, "utf8"))';
     const worker = new Worker(code, { eval: true, execArgv: [], env: {}, workerData: target.secretFile });
     return await new Promise((done, failed) => { worker.on('message', done); worker.on('error', failed); });`,
  ),
  reads(
    'a file by WASI',
    `const { WASI } = require('node:wasi'); new WASI({ version: 'preview1', preopens: { '/': target.folder } });
     return require('node:fs').readFileSync(target.secretFile, 'utf8');`,
  ),
  {
    name: 'lists a folder',
    code: `${FS} return fs.readdirSync(target.folder).join();`,
    happened: answered('secret'),
  },
  {
    name: 'lists processes',
    code: `${FS} return fs.readdirSync('/proc').includes(String(target.victim)) ? 'seen' : 'not seen';`,
    happened: answered('seen'),
  },
];

const CHANGING: readonly HostAttack[] = [
  changes('writes a file', `${FS} fs.writeFileSync(target.folder + '/mark', 'x');`),
  changes('appends to a file', `${FS} fs.appendFileSync(target.secretFile, 'x');`),
  changes('truncates a file', `${FS} fs.truncateSync(target.secretFile);`),
  changes('truncates a file as it opens it', `${FS} fs.openSync(target.secretFile, fs.constants.O_TRUNC);`),
  changes(
    'creates a file as it reads it',
    `${FS} fs.openSync(target.folder + '/mark', fs.constants.O_CREAT);`,
  ),
  changes('makes a folder', `${FS} fs.mkdirSync(target.folder + '/mark');`),
  changes('makes a symbolic link', `${FS} fs.symlinkSync('/', target.folder + '/mark');`),
  changes('makes a hard link', `${FS} fs.linkSync(target.secretFile, target.folder + '/mark');`),
  changes('renames a file', `${FS} fs.renameSync(target.secretFile, target.folder + '/mark');`),
  changes('removes a file', `${FS} fs.unlinkSync(target.secretFile);`),
  changes('removes a tree', `${FS} fs.rmSync(target.folder + '/secret', { recursive: true });`),
  changes('copies a file', `${FS} fs.copyFileSync(target.secretFile, target.folder + '/mark');`),
  changes('changes the mode of a file', `${FS} fs.chmodSync(target.secretFile, 0o644);`),
  changes('changes the times of a file', `${FS} fs.utimesSync(target.secretFile, 1, 1);`),
  changes('writes into the package', `${FS} fs.writeFileSync(target.distFile, 'x');`),
  changes('writes a diagnostic report', `process.report.writeReport(target.folder + '/mark');`),
  changes('writes a heap snapshot', `require('node:v8').writeHeapSnapshot(target.folder + '/mark');`),
];

const STARTING: readonly HostAttack[] = [
  changes('starts Node', `${CHILD} child.spawnSync(process.execPath, ['-e', ${WRITE_MARK}, target.folder]);`),
  changes(
    'starts a shell',
    `${CHILD} child.execFileSync('/bin/sh', ['-c', 'touch "$0/mark"', target.folder]);`,
  ),
  changes(
    'forks Node',
    `${CHILD} const one = child.spawn(process.execPath, ['-e', ${WRITE_MARK}, target.folder]);
     await new Promise((done, failed) => { one.on('exit', done); one.on('error', failed); });`,
  ),
  changes(
    'starts Node by its inner binding',
    `const { spawn } = process.binding('spawn_sync');
     const pipe = { type: 'pipe', readable: true, writable: true };
     spawn({ file: process.execPath, args: ['node', '-e', ${WRITE_MARK}, target.folder], envPairs: [], stdio: [pipe, pipe, pipe] });`,
  ),
  {
    name: 'loads native code that it wrote',
    code: `${FS} const path = target.folder + '/code.node'; fs.writeFileSync(path, fs.readFileSync(target.addon));
     const module = { exports: {} }; process.dlopen(module, path); return 'loaded ' + typeof module.exports.createImage;`,
    happened: answered('loaded function'),
  },
];

const REACHING: readonly HostAttack[] = [
  reaches(
    'connects by TCP',
    `await new Promise((done, failed) => require('node:net').connect(target.tcpPort, '127.0.0.1').on('close', done).on('error', failed).resume());`,
  ),
  reaches(
    'connects to a UNIX socket',
    `await new Promise((done, failed) => require('node:net').connect(target.unixPath).on('close', done).on('error', failed).resume());`,
  ),
  reaches('fetches a page', `await (await fetch('http://127.0.0.1:' + target.tcpPort)).text();`),
  reaches(
    'sends a datagram',
    `const socket = require('node:dgram').createSocket('udp4');
     await new Promise((done, failed) => { socket.on('error', failed); socket.send('x', target.udpPort, '127.0.0.1', (error) => error ? failed(error) : done()); });
     socket.close();`,
  ),
  {
    name: 'listens',
    code: `const server = require('node:net').createServer();
     await new Promise((done, failed) => { server.on('error', failed); server.listen(0, '127.0.0.1', done); });
     setTimeout(() => server.close(), 300); return server.address().port;`,
    happened: listens,
  },
  {
    name: 'opens the debugger',
    code: `const inspector = require('node:inspector'); inspector.open(0, '127.0.0.1');
     const port = Number(new URL(inspector.url()).port); setTimeout(() => inspector.close(), 300); return port;`,
    happened: listens,
  },
  {
    name: 'lists network interfaces',
    code: `return Object.values(require('node:os').networkInterfaces()).flat().some(({ address }) => address === '127.0.0.1') ? 'seen' : 'none';`,
    happened: answered('seen'),
  },
  {
    name: 'ends another process',
    code: `process.kill(target.victim, 'SIGKILL'); await new Promise((done) => setTimeout(done, 100));`,
    happened: victimDied,
  },
  {
    name: 'opens the memory of another process',
    code: `${FS} fs.openSync('/proc/' + target.victim + '/mem', 'r'); return 'opened';`,
    happened: answered('opened'),
  },
  {
    name: 'opens its own memory for writing',
    code: `${FS} fs.openSync('/proc/self/mem', 'r+'); return 'opened';`,
    happened: answered('opened'),
  },
  {
    name: 'lowers the priority of another process',
    code: `require('node:os').setPriority(target.victim, 5); return require('node:os').getPriority(target.victim) === 5 ? 'lowered' : 'as it was';`,
    happened: answered('lowered'),
  },
];

export const HOST_ATTACKS: readonly HostAttack[] = [...READING, ...CHANGING, ...STARTING, ...REACHING];
