import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { type ImageView, WHEELS_BYTES_MAX } from '../../../model/image-api.js';
import { WorldError } from '../../../model/world-error.js';
import { type ActionCommand, actionCommand, option } from '../action-command.js';
import { imageCard, imagesTable } from '../format/images.js';
import { repeated } from '../parse-options.js';
import { readCode } from '../read-code.js';
import { given } from './world-commands.js';

/** Commands on base images. Files are read here and sent along, so they also reach a runtime in another process. */

interface CreateImageOptions {
  preamble?: string;
  wheel?: string[];
  package?: string[];
  packageDir?: string;
  substrate?: string;
}

const asText = (text: string): string => text;

const create = actionCommand({
  action: 'image-create',
  name: 'create',
  group: 'image',
  arguments: [['<name>', 'name of the new image']],
  options: [
    option('--preamble <file>', 'Python code that runs once; every world starts behind it (- for stdin)'),
    option(
      '--wheel <file|folder>',
      'a wheel, or all wheels of a folder by name; repeatable, installed in this order',
      repeated(asText),
    ),
    option(
      '--package <name>',
      "a package of the engine's own distribution, e.g. numpy, with what it needs; repeatable",
      repeated(asText),
    ),
    option(
      '--package-dir <folder>',
      'folder with files of that distribution, instead of downloading them (default: $WORLD_PACKAGE_DIR)',
    ),
    option('--substrate <name>', 'what it is for (default: wasm)'),
  ],
  fields: {
    name: 'name',
    preamble: '--preamble',
    wheels: '--wheel',
    packages: '--package',
    packageDir: '--package-dir',
    substrate: '--substrate',
  },
  progress: 'Building the image',
  examples: [
    ['wr image create tools --wheel ./wheels', 'with all wheels of a folder'],
    [
      'wr image create warm --preamble load.py',
      'what load.py imports and builds is there in every world at once',
    ],
    [
      'wr image create data --package numpy',
      "from the engine's distribution; needs a network, or --package-dir",
    ],
    ['wr create lab --image data', 'a world of it'],
  ],
  async input([name = ''], options: CreateImageOptions) {
    const folder = options.packageDir ?? process.env['WORLD_PACKAGE_DIR'];
    return given({
      name,
      preamble: options.preamble === undefined ? undefined : await readCode(options.preamble),
      wheels: options.wheel === undefined ? undefined : await readWheels(options.wheel),
      packages: options.package,
      packageDir: folder ? resolve(folder) : undefined,
      substrate: options.substrate,
    }) as { name: string };
  },
  show(image, screen) {
    screen.out(imageCard(screen.paint, image));
    for (const warning of image.warnings) screen.err(`warning: ${warning}\n`);
  },
});

const list = actionCommand({
  action: 'image-list',
  name: 'list',
  aliases: ['ls'],
  group: 'image',
  fields: {},
  progress: 'Reading',
  examples: [['wr image list', 'all images, and how many worlds stand on each']],
  input: () => ({}),
  show: (images: readonly ImageView[], screen) => screen.out(imagesTable(screen.paint, images)),
});

const show = actionCommand({
  action: 'image-show',
  name: 'show',
  group: 'image',
  arguments: [['<name>', 'name of the image']],
  fields: { name: 'name' },
  progress: 'Reading',
  examples: [['wr image show tools', 'its packages, its hash, and who needs it']],
  input: ([name = '']) => ({ name }),
  show: (image, screen) => screen.out(imageCard(screen.paint, image)),
});

const remove = actionCommand({
  action: 'image-remove',
  name: 'remove',
  aliases: ['rm'],
  group: 'image',
  arguments: [['<name>', 'name of the image']],
  fields: { name: 'name' },
  progress: 'Removing',
  examples: [['wr image remove tools', 'refused while a world or a snapshot needs it']],
  input: ([name = '']) => ({ name }),
  show: ({ name, hash }, screen) => screen.out(`removed image ${name} (${hash.slice(0, 12)})\n`),
});

export const IMAGE_COMMANDS: readonly ActionCommand[] = [create, list, show, remove];

async function readWheels(paths: readonly string[]): Promise<{ fileName: string; base64: string }[]> {
  const files = (await Promise.all(paths.map(wheelsAt))).flat();
  let sizeBytes = 0;
  const wheels: { fileName: string; base64: string }[] = [];
  for (const file of files) {
    sizeBytes += (await reading(file, () => stat(file))).size;
    if (sizeBytes > WHEELS_BYTES_MAX) {
      throw new WorldError(
        'IMAGE_TOO_LARGE',
        `The wheels up to ${file} have ${sizeBytes} bytes; ${WHEELS_BYTES_MAX} are allowed in one image. Leave some out.`,
      );
    }
    const bytes = await reading(file, () => readFile(file));
    wheels.push({ fileName: basename(file), base64: bytes.toString('base64') });
  }
  return wheels;
}

/** A folder stands for its wheels, in the order of their names. */
async function wheelsAt(path: string): Promise<string[]> {
  const found = await reading(path, () => stat(path));
  if (!found.isDirectory()) return [path];
  const names = (await reading(path, () => readdir(path))).filter((name) => name.endsWith('.whl')).sort();
  if (names.length > 0) return names.map((name) => join(path, name));
  throw new WorldError('BAD_INPUT', `The folder ${path} has no wheels (*.whl). Name one that has.`);
}

async function reading<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new WorldError('BAD_INPUT', `${path} cannot be read: ${reason}. Check the path.`, { cause });
  }
}
