import { PAGE_BYTES } from '../../../ports/page-store.js';
import { ImageFault } from '../executor/image-bundle.js';
import { ExecutorPool } from './executor-pool.js';
import { FileService } from './file-service.js';
import type { FrameConnection } from './frame-connection.js';
import { PART_BYTES } from './frames.js';
import { PageMemory } from './page-memory.js';
import { SegmentSlots } from './page-slots.js';
import { STARTUP_BYTES_MAX } from './startup-file.js';
import { factsOf } from './state-store.js';
import { StateTransfer } from './state-transfer.js';
import {
  BASE_STATE,
  type ControlMessage,
  type HostMessage,
  type RunMessage,
  type StartMessage,
} from './wire.js';
import type { Engine } from './worker-messages.js';
import type { SpawnThread } from './worker-thread.js';

export interface HostOptions {
  readonly connection: FrameConnection<HostMessage>;
  readonly compileEngine: () => Promise<Engine>;
  /** The startup snapshot that this process was given, or null. */
  readonly readStartup: () => Uint8Array | null;
  readonly makeStartup: (engine: Engine, image: Uint8Array | null) => Promise<Uint8Array>;
  readonly spawn: SpawnThread;
  /** Ends the process. */
  readonly exit: () => void;
}

const FATAL_CHARS = 60_000;

/** The executor host without its process: answers the control process's messages. */
export class ExecutorHost {
  readonly #options: HostOptions;
  readonly #engine: Promise<Engine>;
  #memory: PageMemory | null = null;
  #pool: ExecutorPool | null = null;
  #transfer: StateTransfer | null = null;
  #files: FileService | null = null;
  /** The image bundle that is on its way, and how much of it is here. */
  #image: { readonly start: StartMessage; readonly bytes: Buffer; received: number } | null = null;

  constructor(options: HostOptions) {
    this.#options = options;
    // Compiling takes as long as reading the cache and sending it: it begins before anyone asks.
    this.#engine = options.compileEngine();
    this.#engine.catch((error: unknown) => this.#fatal(`the engine does not compile: ${String(error)}`));
  }

  /** @throws on a message that makes no sense: the caller ends the process. */
  receive(message: ControlMessage, binary: Buffer): void {
    switch (message.type) {
      case 'start':
        this.#begin(message);
        return;
      case 'imagePart':
        this.#receiveImage(message.offset, binary);
        return;
      case 'run':
        this.#run(message, binary);
        return;
      case 'interrupt':
        this.#pool?.interrupt(message.run);
        return;
      case 'terminate':
        this.#pool?.terminate(message.run);
        return;
      case 'discard':
        for (const state of message.states) this.#memory?.states.delete(state);
        return;
      case 'stats':
        this.#stats(message.request);
        return;
      case 'listFiles':
      case 'readFile':
      case 'editFiles':
      case 'compareFiles':
      case 'compare':
        if (this.#files === null) throw new Error(`${message.type} before the host is ready`);
        this.#files.receive(message, binary);
        return;
      default:
        if (this.#transfer === null) throw new Error(`${message.type} before the host is ready`);
        this.#transfer.receive(message, binary);
        return;
    }
  }

  #fatal(message: string, image = false): void {
    // A traceback may be long; its end says what went wrong.
    this.#options.connection.send({ type: 'fatal', message: message.slice(-FATAL_CHARS), image });
    this.#options.connection.end(this.#options.exit);
  }

  #begin(message: StartMessage): void {
    const imageBytes = message.imageBytes ?? 0;
    if (imageBytes > 0) this.#image = { start: message, bytes: Buffer.alloc(imageBytes), received: 0 };
    else this.#start(message, null);
  }

  #receiveImage(offset: number, binary: Buffer): void {
    const image = this.#image;
    if (image === null || offset !== image.received || offset + binary.length > image.bytes.length) {
      throw new Error('a part of an image that does not belong here');
    }
    image.received += binary.copy(image.bytes, offset);
    if (image.received < image.bytes.length) return;
    this.#image = null;
    this.#start(image.start, image.bytes);
  }

  #start(message: StartMessage, image: Uint8Array | null): void {
    this.#memory = new PageMemory(message.slabBudgetBytes);
    this.#hire(message, image, this.#memory).catch((error: unknown) => {
      if (error instanceof ImageFault) this.#fatal(error.message, true);
      else this.#fatal(`the workers do not start: ${String(error)}`);
    });
  }

  async #makeStartup(engine: Engine, image: Uint8Array | null): Promise<Uint8Array> {
    const bytes = await this.#options.makeStartup(engine, image);
    if (bytes.length > STARTUP_BYTES_MAX) {
      throw new ImageFault(
        `its base takes ${bytes.length} bytes; ${STARTUP_BYTES_MAX} are allowed: make it smaller`,
      );
    }
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    return shared;
  }

  #sendStartup(bytes: Uint8Array): void {
    for (let offset = 0; offset < bytes.length; offset += PART_BYTES) {
      const part = Buffer.from(bytes.slice(offset, offset + PART_BYTES));
      this.#options.connection.send({ type: 'startupPart', offset, totalBytes: bytes.length }, part);
    }
  }

  async #hire(start: StartMessage, image: Uint8Array | null, memory: PageMemory): Promise<void> {
    // Read while the engine compiles on other threads.
    const cached = this.#options.readStartup();
    const engine = await this.#engine;
    if (cached === null && image === null && start.imageBytes !== null) {
      throw new Error('the startup snapshot of the image is damaged');
    }
    const startup = cached ?? (await this.#makeStartup(engine, image));
    if (cached === null) this.#sendStartup(startup);
    const { connection } = this.#options;
    const pool = new ExecutorPool({
      size: start.workers,
      memory,
      engine,
      startup,
      spawn: this.#options.spawn,
      schedule: start.schedule,
      events: {
        ready: (baseDigest, base) => {
          memory.states.set(BASE_STATE, base);
          const slots = new SegmentSlots();
          this.#transfer = new StateTransfer({ connection, memory, base, slots });
          this.#files = new FileService({ connection, memory, base });
          connection.send({ type: 'ready', baseDigest, base: factsOf(base) });
        },
        started: (run) => connection.send({ type: 'started', run }),
        overCpu: (run) => connection.send({ type: 'overCpu', run }),
        output: (run, stream, text) => connection.send({ type: 'output', run, stream, text }),
        ran: (run, outcome) => connection.send({ type: 'ran', run, outcome }),
        committed: (job, state) =>
          connection.send({
            type: 'committed',
            run: job.run,
            facts: factsOf(state),
            slotsUsed: Math.max(
              0,
              memory.slab.used - Math.floor(memory.states.reclaimableBytes / PAGE_BYTES),
            ),
          }),
        failed: (run, reason, message) => connection.send({ type: 'failed', run, reason, message }),
        fatal: (message) => this.#fatal(message),
      },
    });
    this.#pool = pool;
  }

  #run(message: RunMessage, code: Buffer): void {
    const { run, to, clockNs, rekey } = message;
    const from = this.#memory?.states.get(message.from);
    if (from === undefined || this.#pool === null) {
      const text = `the host has no state ${message.from}`;
      this.#options.connection.send({ type: 'failed', run, reason: 'unknownState', message: text });
      return;
    }
    this.#pool.submit({
      run,
      from,
      to,
      request: {
        code: code.toString('utf8'),
        clockNs: BigInt(clockNs),
        rekey: rekey === null ? null : { ...rekey, seed: BigInt(rekey.seed) },
        balances: message.balances,
        memoryBytes: message.memoryBytes,
        outputBytes: message.outputBytes,
        fileBytes: message.fileBytes,
        files: message.files,
        openFiles: message.openFiles,
      },
      cpuMs: message.cpuMs,
    });
  }

  #stats(request: number): void {
    const [pool, memory] = [this.#pool, this.#memory];
    // Exact numbers are wanted, so whatever is free is freed first.
    memory?.collect();
    this.#options.connection.send({
      type: 'stats',
      request,
      stats: {
        workers: pool?.workers ?? 0,
        idle: pool?.idle ?? 0,
        replaced: pool?.replaced ?? 0,
        queued: pool?.queued ?? 0,
        states: memory?.states.size ?? 0,
        slotsUsed: memory?.slab.used ?? 0,
        slotsBudget: memory?.slab.budgetSlots ?? 0,
        loads: pool?.loads ?? 0,
        foreignLoads: pool?.foreignLoads ?? 0,
        trackingWrites: pool?.trackingWrites ?? 0,
      },
    });
  }
}
