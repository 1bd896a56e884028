// Import my library once, branch two hundred times: a base image runs the library before any world is made; every world of
// the image, and every branch, starts behind it. Beside it, worlds that load the library themselves.
//
//   node examples/warmed-base/main.mjs [--worlds 200] [--cold 5]
import { readFileSync } from 'node:fs';
import { columns, numbersFrom, withRuntime } from '../with-runtime.mjs';

const LIBRARY = readFileSync(new URL('library.py', import.meta.url), 'utf8');
const LIMIT = 60_000;

const { worlds, cold, dataDir } = numbersFrom({
  worlds: [200, 'branches of a world of the image'],
  cold: [5, 'branches that load the library themselves'],
});

await withRuntime(dataDir, async (runtime) => {
  const known = (await runtime.images.list()).some(({ name }) => name === 'warmed');
  const image = await timed(() =>
    known ? runtime.images.show('warmed') : runtime.images.create('warmed', { preamble: LIBRARY }),
  );
  const warm = await search(runtime, { image: 'warmed', count: worlds, before: '' });
  const plain = await search(runtime, { image: 'standard', count: cold, before: LIBRARY });
  const rows = [
    ['', 'from the image', 'without it'],
    ['worlds', worlds, cold],
    ['worlds that loaded the library', warm.loads, plain.loads],
    ['amicable pairs found', warm.pairs.length, plain.pairs.length],
  ];
  process.stdout.write(columns(rows));
  process.stdout.write(`${warm.pairs.slice(0, 4).join('  ')}\n`);
  process.stderr.write(
    `image ${known ? 'found' : 'made'} in ${image.ms.toFixed(0)} ms; first answer after ${warm.firstMs.toFixed(0)} ms from the image, ` +
      `${plain.firstMs.toFixed(0)} ms without it; a world: ${warm.eachMs.toFixed(1)} ms and ${plain.eachMs.toFixed(1)} ms\n`,
  );
});

/** Branches a fresh world; each branch looks through its own part of the numbers. */
async function search(runtime, { image, count, before }) {
  const world = await runtime.create({ image });
  let firstMs = 0;
  const searched = await timed(async () => {
    const start = performance.now();
    const children = await world.branch({ count });
    return Promise.all(
      children.map(async (child, i) => {
        const [first, last] = [i, i + 1].map((part) => Math.floor((part * LIMIT) / count));
        const { ok, value, stdout, error } = await child.execute(`${before}\nfriends(${first}, ${last})`);
        if (!ok) throw new Error(`${child.name}: ${error.traceback}`);
        firstMs ||= performance.now() - start;
        return { value, loaded: stdout.includes('library loaded') };
      }),
    );
  });
  return {
    loads: searched.value.filter(({ loaded }) => loaded).length,
    pairs: searched.value.flatMap(({ value }) => value.match(/\(\d+, \d+\)/g) ?? []),
    firstMs,
    eachMs: searched.ms / count,
  };
}

async function timed(work) {
  const start = performance.now();
  const value = await work();
  return { value, ms: performance.now() - start };
}
