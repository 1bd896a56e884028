import { constants } from 'node:fs';
import { access, readdir, readFile, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type RuntimeContext, verifyJournal } from '../../../actions/maintenance.js';
import { MIB } from '../../../model/limits.js';
import { msText } from '../format/cells.js';
import { isolationWarning } from '../isolation-warning.js';
import { type Check, fail, ok, warn } from './check.js';

/** Less free space than this is told, MiB. */
const FREE_MIB_MIN = 1024;

/** The Node version against the one the package asks for, such as `>=20.19`. */
export function nodeCheck(version: string, engines: string): Check {
  const numbers = (text: string): number[] => (text.match(/\d+/g) ?? []).map(Number);
  const [major = 0, minor = 0] = numbers(version);
  const [needMajor = 0, needMinor = 0] = numbers(engines);
  const isOld = major < needMajor || (major === needMajor && minor < needMinor);
  const found = `${version}; needed: ${engines}`;
  return isOld ? fail('node', `${found}. Install a newer Node.`) : ok('node', found);
}

/** Everything that can be looked at once a data directory is open, in the order in which it matters. */
export async function examineRuntime(
  context: RuntimeContext,
  dataDir: string,
  signal: AbortSignal,
): Promise<Check[]> {
  const checks: Check[] = [];
  const examine = async (name: string, look: () => Promise<Check>): Promise<void> => {
    signal.throwIfAborted();
    checks.push(await look().catch((thrown) => fail(name, thrown)));
  };
  await examine('data directory', () => directoryCheck(dataDir));
  await examine('format', () => formatCheck(dataDir));
  await examine('journal', () => journalCheck(context));
  await examine('catalog', () => catalogCheck(context));
  await examine('trits', () => tritsCheck(context));
  await examine('duckdb', () => duckDbCheck(context));
  await examine('engine', () => engineCheck(context, signal));
  checks.push(...(await substrateChecks(context, signal)));
  await examine('startup snapshot', () => startupCheck(dataDir));
  signal.throwIfAborted();
  checks.push(...isolationChecks(context));
  return checks;
}

async function directoryCheck(dataDir: string): Promise<Check> {
  await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  const { bavail, bsize } = await statfs(dataDir);
  const freeMib = Math.floor((bavail * bsize) / MIB);
  const found = `${dataDir}, writable and locked by this process; ${freeMib} MiB free`;
  const { mode } = await stat(dataDir);
  if ((mode & 0o077) !== 0 && process.platform !== 'win32') {
    return warn('data directory', `${found}. Other users can enter it: chmod 700 ${dataDir}`);
  }
  if (freeMib < FREE_MIB_MIN) return warn('data directory', `${found}, which is little.`);
  return ok('data directory', found);
}

async function formatCheck(dataDir: string): Promise<Check> {
  const text = await readFile(join(dataDir, 'FORMAT'), 'utf8');
  return ok('format', text.trim().split('\n').at(-1) ?? '');
}

async function journalCheck(context: RuntimeContext): Promise<Check> {
  const { entries, missing, memoryIsSame } = await verifyJournal(context);
  if (missing !== null) {
    return warn('journal', `${entries} entries here; every hash follows from the one before. ${missing}`);
  }
  const found = `${entries} entries; every hash follows from the one before`;
  if (memoryIsSame === false) {
    const remedy = 'Remove the checkpoints folder of the data directory: opening then reads the journal.';
    return fail('journal', `${found}, but the checkpoint says something else. ${remedy}`);
  }
  return ok('journal', found);
}

/** Every branch row's sum is that of its children's trits, modulo 3. */
async function tritsCheck({ parts }: RuntimeContext): Promise<Check> {
  const rows = await parts.catalog.rows(
    `SELECT b.branch_id FROM world_branches b
     LEFT JOIN (SELECT branch_id, unnest(child_entity_ids) AS child FROM world_branches) c USING (branch_id)
     LEFT JOIN world_runtime_entities e ON e.entity_id = c.child
     GROUP BY b.branch_id, b.gf3_sum HAVING ((coalesce(sum(e.trit), 0) % 3) + 3) % 3 <> b.gf3_sum ORDER BY 1 LIMIT 5`,
    [],
  );
  if (rows.length === 0) return ok('trits', 'the sum of every branch is that of its children');
  const found = rows.map((row) => String(row['branch_id'])).join(', ');
  return fail(
    'trits',
    `${found}: gf3_sum is not the sum of the children's trits. Rebuild: wr doctor --rebuild`,
  );
}

async function catalogCheck({ parts, model }: RuntimeContext): Promise<Check> {
  const { catalog, journal } = parts;
  await catalog.flush();
  const [row] = await catalog.rows('SELECT count(*)::INT AS n FROM world_runtime_entities', []);
  const rows = Number(row?.['n']);
  const seqs = `entry ${catalog.projectedSeq} of ${journal.lastSeq}, ${rows} entities of ${model.worldsBorn}`;
  if (catalog.projectedSeq === journal.lastSeq && rows === model.worldsBorn) {
    return ok('catalog', `in step with the journal: ${seqs}`);
  }
  return fail('catalog', `not in step with the journal: ${seqs}. Rebuild it: wr doctor --rebuild`);
}

async function duckDbCheck({ parts }: RuntimeContext): Promise<Check> {
  const [row] = await parts.catalog.rows('SELECT version() AS version', []);
  return ok('duckdb', String(row?.['version']));
}

async function engineCheck({ parts }: RuntimeContext, signal: AbortSignal): Promise<Check> {
  const name = parts.defaultSubstrate;
  const substrate = parts.substrates.get(name);
  if (!substrate) return fail('engine', `the default substrate ${name} is missing`);
  const start = parts.clock.monotonicMs();
  const digest = await substrate.baseDigest({ signal });
  const took = msText(parts.clock.monotonicMs() - start);
  return ok('engine', `${name} starts in ${took}; base image ${digest.slice(0, 16)}`);
}

/** What the default substrate tells about itself. */
async function substrateChecks({ parts }: RuntimeContext, signal: AbortSignal): Promise<readonly Check[]> {
  const substrate = parts.substrates.get(parts.defaultSubstrate);
  try {
    return (await substrate?.findings?.({ signal })) ?? [];
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    return [fail(parts.defaultSubstrate, thrown)];
  }
}

async function startupCheck(dataDir: string): Promise<Check> {
  const folder = join(dataDir, 'cache');
  const found = (await readdir(folder)).filter((name) => /^startup-[0-9a-f]+$/.test(name));
  const [first] = found;
  if (first === undefined) {
    return warn('startup snapshot', `none in ${folder} yet: each start of the engine takes longer`);
  }
  const { size } = await stat(join(folder, first));
  return ok('startup snapshot', `${first}, ${(size / MIB).toFixed(1)} MiB`);
}

/** One line a part, by what was tried on this machine. */
function isolationChecks(context: RuntimeContext): Check[] {
  return [...context.parts.substrates.values()].flatMap(({ name, supports }) => {
    const parts = supports.isolation.map((part): Check => {
      const found = `${name}: ${part.name}: ${part.stands ? 'stands' : 'does not stand'}; ${part.detail}`;
      return part.stands ? ok('isolation', found) : warn('isolation', found);
    });
    const standing = supports.isolation.filter(({ stands }) => stands).map((part) => part.name);
    const warning = isolationWarning([{ name, isolation: standing }]);
    return warning === undefined ? parts : [...parts, warn('isolation', warning)];
  });
}
