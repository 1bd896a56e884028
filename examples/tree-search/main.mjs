// A world plays SameGame. Before each move it is pushed down into one verse per move worth trying; each verse plays its
// move, looks where it leads and reports what that is worth; the world becomes the best of them.
//
//   node examples/tree-search/main.mjs [--seed 7] [--games 3] [--moves 6]
import { readFileSync } from 'node:fs';
import { columns, evaluate, numbersFrom, withRuntime } from '../with-runtime.mjs';

const WIDTH = 10;
const HEIGHT = 6;
const GAME = readFileSync(new URL('game.py', import.meta.url), 'utf8');

const { seed, games, moves, dataDir } = numbersFrom({
  seed: [7, 'board of the first game'],
  games: [3, 'number of games'],
  moves: [6, 'verses a move: the largest groups are tried'],
});

await withRuntime(dataDir, async (runtime) => {
  const rows = [['board', 'greedy', 'tree search', 'moves', 'verses']];
  for (let board = seed; board < seed + games; board += 1) {
    const greedy = await playGreedily(runtime, board);
    const searched = await search(runtime, board);
    if (board === seed) process.stdout.write(sideBySide(greedy, searched));
    rows.push([board, greedy.score, searched.score, searched.moves, searched.verses]);
  }
  process.stdout.write(columns(rows));
});

async function newGame(runtime, board) {
  const world = await runtime.create();
  await evaluate(world, GAME);
  await evaluate(world, `board, score, history = new_game(${board}, ${WIDTH}, ${HEIGHT}), 0, []`);
  return world;
}

async function playGreedily(runtime, board) {
  const world = await newGame(runtime, board);
  const start = await pictureOf(world);
  while (Number(await evaluate(world, 'len(groups(board))')) > 0) await evaluate(world, 'play(0)');
  return { start, ...(await outcomeOf(world)) };
}

async function search(runtime, board) {
  const world = await newGame(runtime, board);
  let verses = 0;
  for (;;) {
    const choices = Math.min(moves, Number(await evaluate(world, 'len(groups(board))')));
    if (choices === 0) break;
    if (choices === 1) {
      await evaluate(world, 'play(0)');
      continue;
    }
    const names = Array.from({ length: choices }, (_, move) => `move-${move}`);
    await world.pushDown({
      outcomes: names.map((name) => ({ name, probability: share(choices, name) })),
    });
    const programs = names.map((name, move) => [
      name,
      `import world\nplay(${move})\nworld.report(value=promise())`,
    ]);
    const played = await world.executeInAll(Object.fromEntries(programs));
    const failed = played.find(({ execution }) => !execution?.ok);
    if (failed) throw new Error(`${failed.world}: ${failed.execution?.error?.traceback}`);
    await world.pullUp({ oracle: 'most-value' });
    verses += choices;
  }
  return { verses, ...(await outcomeOf(world)) };
}

/** Equal probabilities that sum to exactly 1: the first outcome takes what division leaves. */
function share(count, name) {
  const part = Math.floor(1000 / count);
  const thousandths = name === 'move-0' ? 1000 - part * (count - 1) : part;
  return `0.${String(thousandths).padStart(3, '0')}`;
}

async function outcomeOf(world) {
  return {
    score: Number(await evaluate(world, 'score - left_over(board)')),
    moves: Number(await evaluate(world, 'len(history)')),
    end: await pictureOf(world),
  };
}

async function pictureOf(world) {
  const { stdout } = await world.execute(`print(picture(${WIDTH}, ${HEIGHT}))`);
  return stdout;
}

function sideBySide(greedy, searched) {
  const pictures = [greedy.start, greedy.end, searched.end].map((text) =>
    text.replace(/\n$/, '').split('\n'),
  );
  const titles = [
    `board ${seed}`,
    `greedy leaves ${greedy.score} points`,
    `search leaves ${searched.score} points`,
  ];
  const width = Math.max(2 * WIDTH, ...titles.map((title) => title.length)) + 4;
  const lines = [titles, ...pictures[0].map((_, row) => pictures.map((one) => one[row] ?? ''))];
  return `${lines
    .map((cells) =>
      cells
        .map((cell) => cell.padEnd(width))
        .join('')
        .trimEnd(),
    )
    .join('\n')}\n\n`;
}
