// The product's storage with one fault, named by CRASH_PLANTED.
import { setTimeout as sleep } from 'node:timers/promises';
import * as real from '../../../dist/storage/index.js';

export * from '../../../dist/storage/index.js';

const LATE_MS = 60;

/** `target` with some of its members replaced. */
function instead(target, members) {
  return new Proxy(target, {
    get(_, name) {
      if (Object.hasOwn(members, name)) return members[name];
      const found = Reflect.get(target, name, target);
      return typeof found === 'function' ? found.bind(target) : found;
    },
  });
}

/** Writes to a log are acknowledged before they are made. */
const lateLogs = instead(real.nodeFileOps, {
  async open(path, access) {
    const file = await real.nodeFileOps.open(path, access);
    if (access !== 'log') return file;
    let tail = Promise.resolve();
    return {
      ...file,
      async write(bytes, offset) {
        const kept = Buffer.from(bytes);
        tail = tail.then(() => sleep(LATE_MS)).then(() => file.write(kept, offset));
        return bytes.length;
      },
      close: () => tail.then(() => file.close()),
    };
  },
});

/** Answers as if the record were in the journal; it is on its way there. */
function appendLate(journal, record) {
  void sleep(LATE_MS).then(() => journal.append(record));
  return Promise.resolve({ seq: journal.lastSeq + 1, prevHash: '', hash: journal.lastHash, record });
}

/** A microsecond later: records come one after the other in time. */
function justAfter(at) {
  return at.replace(/(\d{6})Z$/, (_, digits) => `${String(Number(digits) + 1).padStart(6, '0')}Z`);
}

const FAULTS = {
  'late-journal': {},
  'late-snapshot': {
    journal: (journal) => ({
      append: (record) =>
        record.op === 'snapshot.taken' ? appendLate(journal, record) : journal.append(record),
    }),
  },
  'resolution-in-two': {
    journal: (journal) => ({
      async append(record) {
        if (record.op !== 'world.pulled-up') return journal.append(record);
        await journal.append({ ...record, collapsed: [], ledger: [] });
        await sleep(LATE_MS);
        return journal.append({ op: 'ledger.applied', at: justAfter(record.at), ledger: record.ledger });
      },
    }),
  },
  'late-pages': {
    pages(pages) {
      const waiting = new Map();
      return {
        write(key, given) {
          const copies = [...given.pages].map(({ bytes, ...rest }) => ({
            ...rest,
            bytes: Buffer.from(bytes),
          }));
          const late = sleep(LATE_MS).then(() => pages.write(key, { ...given, pages: copies }));
          waiting.set(key, late);
          return Promise.resolve({ missing: [] });
        },
        async readManifest(key) {
          await waiting.get(key);
          return pages.readManifest(key);
        },
      };
    },
  },
  'last-entry-unread': {
    journal: (journal) => ({
      async *read(from) {
        let held = null;
        for await (const entry of journal.read(from)) {
          if (held) yield held;
          held = entry;
        }
      },
    }),
  },
};

export async function openStorage(path, options) {
  const name = process.env.CRASH_PLANTED;
  const fault = FAULTS[name];
  if (!fault) throw new Error(`no fault ${name}; there are ${Object.keys(FAULTS).join(', ')}`);
  const fileOps = name === 'late-journal' ? lateLogs : real.nodeFileOps;
  const storage = await real.openStorage(path, { ...options, fileOps });
  const { journal, pages } = storage;
  return instead(storage, {
    journal: fault.journal ? instead(journal, fault.journal(journal)) : journal,
    pages: fault.pages ? instead(pages, fault.pages(pages)) : pages,
  });
}
