import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RuntimeLimits, WorldLimits } from '../../../model/limits.js';
import { WorldError } from '../../../model/world-error.js';
import { requireLimits, settingsOf } from '../settings.js';
import { CONFIG_KEYS } from './config-keys.js';
import { type Configured, readConfig } from './read-config.js';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'wr-config-'));
});
afterAll(() => rmSync(root, { recursive: true }));

let folders = 0;

/** A project and a home, each with the file it is given. */
function places(files: { project?: unknown; user?: unknown }, env: NodeJS.ProcessEnv = {}) {
  folders += 1;
  const home = join(root, String(folders), 'home');
  const project = join(root, String(folders), 'project');
  const cwd = join(project, 'deep', 'inside');
  mkdirSync(cwd, { recursive: true });
  const put = (file: string, content: unknown): void => {
    if (content === undefined) return;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  };
  const projectFile = join(project, 'world-runtime.json');
  const userFile = join(home, 'world-runtime', 'config.json');
  put(projectFile, files.project);
  put(userFile, files.user);
  return { env: { XDG_CONFIG_HOME: home, ...env }, cwd, projectFile, userFile, project };
}

function refusal(work: () => unknown): WorldError {
  try {
    work();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(WorldError);
    return thrown as WorldError;
  }
  return expect.fail('expected a refusal');
}

describe('the configuration', () => {
  it('knows every limit that a world or a runtime has, and no other', () => {
    const limits = CONFIG_KEYS.filter(({ path }) => path.startsWith('limits.'));
    expect(new Set(limits.map(({ path }) => path.slice('limits.'.length)))).toEqual(
      new Set([...Object.keys(WorldLimits.shape), ...Object.keys(RuntimeLimits.shape)]),
    );
  });

  it('is empty where nobody said anything', () => {
    expect(readConfig(places({})).size).toBe(0);
  });

  it('takes variables before the project before the user, setting by setting', () => {
    const user = { workers: 1, lockWaitMs: 1, limits: { timeoutMs: 1, files: 100 } };
    const project = { lockWaitMs: '2s', limits: { timeoutMs: 2 } };
    const found = places({ user, project }, { WORLD_LIMITS_TIMEOUT_MS: '3s' });
    const { userFile, projectFile } = found;
    expect(Object.fromEntries(readConfig(found))).toEqual({
      workers: { value: 1, from: userFile },
      'limits.files': { value: 100, from: userFile },
      lockWaitMs: { value: 2000, from: projectFile },
      'limits.timeoutMs': { value: 3000, from: 'WORLD_LIMITS_TIMEOUT_MS' },
    } satisfies Record<string, Configured>);
  });

  it('has paths relative to the file that says them', () => {
    const found = places({ project: { dataDir: 'worlds' } });
    expect(readConfig(found).get('dataDir')?.value).toBe(join(found.project, 'worlds'));
  });

  it('has the nearest project file only', () => {
    const found = places({ project: { workers: 3, lockWaitMs: 5 } });
    writeFileSync(join(found.cwd, 'world-runtime.json'), '{"workers": 2}');
    expect([...readConfig(found).keys()]).toEqual(['workers']);
  });

  it.each<[string, unknown, RegExp]>([
    [
      'an unknown setting',
      { wrokers: 2 },
      /world-runtime\.json: there is no setting wrokers\. There are: dataDir/,
    ],
    ['an unknown limit', { limits: { memory: 2 } }, /there is no setting limits\.memory/],
    [
      'a wrong type',
      { workers: 'many' },
      /world-runtime\.json: workers: expected a whole number from 1, got "many"/,
    ],
    ['another wrong type', { workers: [2] }, /workers: expected/],
    ['a negative number', { workers: -1 }, /workers: expected/],
    ['a bad time', { limits: { timeoutMs: 'soon' } }, /limits\.timeoutMs: expected milliseconds.*"soon"/],
    ['a bad size', { slabBudgetBytes: '1 lot' }, /slabBudgetBytes: expected bytes/],
    ['a bad switch', { retention: { automatic: 'yes' } }, /retention\.automatic: expected true or false/],
    ['a path that is none', { dataDir: 7 }, /dataDir: expected a path/],
    ['a value for a group', { limits: 5 }, /limits: expected an object/],
    ['no object', [], /expected an object/],
    ['null', 'null', /expected an object/],
    ['no JSON', '{', /world-runtime\.json cannot be read: /],
  ])('with %s is refused, naming file and setting', (_, project, message) => {
    const error = refusal(() => readConfig(places({ project })));
    expect(error.code).toBe('BAD_INPUT');
    expect(error.message).toMatch(message);
  });

  it('in a variable that does not parse is refused, naming it', () => {
    const error = refusal(() => readConfig(places({}, { WORLD_WORKERS: 'many' })));
    expect(error.message).toMatch(/^WORLD_WORKERS: expected a whole number/);
  });
});

describe('settings', () => {
  it('have limits of worlds and of the runtime apart, as the runtime takes them', () => {
    const { env } = places({}, { WORLD_LIMITS_FILES: '99', WORLD_LIMITS_WORLDS: '7' });
    expect(settingsOf({}, env).runtime).toEqual({ worldLimits: { files: 99 }, limits: { worlds: 7 } });
  });

  it('take flags before everything', () => {
    const env = places({}, { WORLD_WORKERS: '2', WORLD_DATA_DIR: '/a', WORLD_RETENTION_STATES: '9' }).env;
    const settings = settingsOf({ workers: 5, dataDir: '/b', lockWait: 7 }, env);
    expect(settings).toMatchObject({
      dataDir: '/b',
      namedDataDir: '/b',
      runtime: { workers: 5, lockWaitMs: 7, retention: { states: 9 } },
    });
    expect(settings.configured.get('workers')?.from).toBe('--workers');
  });

  it('have a data directory even when nobody names one', () => {
    const { env } = places({}, { XDG_DATA_HOME: '/data' });
    expect(settingsOf({}, env)).toMatchObject({
      dataDir: '/data/world-runtime',
      namedDataDir: undefined,
      runtime: {},
    });
  });

  it('with a limit out of range are refused, naming who said it', async () => {
    const { env } = places({}, { WORLD_LIMITS_MEMORY_BYTES: '1K' });
    await expect(requireLimits(settingsOf({}, env))).rejects.toThrow(
      /^WORLD_LIMITS_MEMORY_BYTES: limits\.memoryBytes: /,
    );
    await requireLimits(settingsOf({}, { ...env, WORLD_LIMITS_MEMORY_BYTES: '64MiB' }));
  });
});
