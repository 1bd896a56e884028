import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/** What an attack is told: everything it needs to find what it must not have. */
export interface Target {
  readonly folder: string;
  readonly secretFile: string;
  readonly victim: number;
  readonly tcpPort: number;
  readonly udpPort: number;
  readonly unixPath: string;
  readonly addon: string;
  readonly distFile: string;
}

/** Things of this machine that nobody behind the second wall may reach, and what became of them. */
export class AttackTargets {
  readonly token = randomBytes(12).toString('hex');
  readonly #folder = mkdtempSync(join(tmpdir(), 'wr-attacks-'));
  readonly #servers: Server[] = [];
  #udp: DatagramSocket | null = null;
  #victim: ChildProcess | null = null;
  #reached = 0;
  #target: Target | null = null;

  get target(): Target {
    if (this.#target === null) throw new Error('not prepared');
    return this.#target;
  }

  async open(): Promise<void> {
    const count = (): void => {
      this.#reached++;
    };
    const tcp = createServer((socket) => socket.on('error', () => undefined).end(this.token)).on(
      'connection',
      count,
    );
    const unix = createServer((socket) => socket.on('error', () => undefined).end(this.token)).on(
      'connection',
      count,
    );
    const unixPath = join(tmpdir(), `wr-attacks-${process.pid}.sock`);
    rmSync(unixPath, { force: true });
    await Promise.all([
      once(tcp.listen(0, '127.0.0.1'), 'listening'),
      once(unix.listen(unixPath), 'listening'),
    ]);
    this.#udp = createSocket('udp4').on('message', count);
    await once(this.#udp.bind(0, '127.0.0.1'), 'listening');
    this.#servers.push(tcp, unix);
    this.#target = {
      folder: this.#folder,
      secretFile: join(this.#folder, 'secret'),
      victim: 0,
      tcpPort: (tcp.address() as AddressInfo).port,
      udpPort: this.#udp.address().port,
      unixPath,
      addon: join(ROOT, 'native/build/written-pages.node'),
      distFile: join(ROOT, 'dist', 'attacked'),
    };
  }

  /** As before the first attack. */
  async reset(): Promise<void> {
    this.#reached = 0;
    rmSync(this.#folder, { recursive: true, force: true });
    mkdirSync(this.#folder);
    writeFileSync(join(this.#folder, 'secret'), this.token, { mode: 0o600 });
    rmSync(this.target.distFile, { force: true });
    if (this.#victim === null || this.#victim.exitCode !== null || this.#victim.signalCode !== null) {
      // Its command line and its environment are secrets, too.
      const code = `setInterval(() => undefined, 1e6); // ${this.token}`;
      this.#victim = spawn(process.execPath, ['-e', code], { env: { TOKEN: this.token }, stdio: 'ignore' });
      await once(this.#victim, 'spawn');
      this.#target = { ...this.target, victim: this.#victim.pid ?? -1 };
    }
  }

  /** A datagram or a signal may take a moment. */
  async settled(): Promise<void> {
    await new Promise((done) => setTimeout(done, 30));
  }

  get wasReached(): boolean {
    return this.#reached > 0;
  }

  get victimLives(): boolean {
    return this.#victim?.exitCode === null && this.#victim.signalCode === null;
  }

  /** Something is other than `reset` left it. */
  get filesChanged(): boolean {
    const { secretFile, distFile } = this.target;
    if (existsSync(distFile) || readdirSync(this.#folder).join() !== 'secret') return true;
    const { mode, mtimeMs, nlink } = statSync(secretFile);
    const isOld = mtimeMs < Date.now() - 86_400_000;
    return (
      (mode & 0o777) !== 0o600 || nlink !== 1 || isOld || readFileSync(secretFile, 'utf8') !== this.token
    );
  }

  /** Whether somebody listens on that port. */
  async answers(port: unknown): Promise<boolean> {
    if (typeof port !== 'number') return false;
    const socket = connect(port, '127.0.0.1');
    const answered = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    return answered;
  }

  async close(): Promise<void> {
    this.#victim?.kill('SIGKILL');
    this.#udp?.close();
    for (const server of this.#servers) server.close();
    rmSync(this.#folder, { recursive: true, force: true });
    if (this.#target !== null) {
      rmSync(this.#target.distFile, { force: true });
      rmSync(this.#target.unixPath, { force: true });
    }
  }
}
