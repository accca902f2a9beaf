import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import { type Int8Args, readArgs, USAGE } from './args.ts';
import { twinOf } from './twin.ts';

const WRITTEN = 0;
const FAILED = 1;
const WRONG_ARGUMENTS = 2;

/** What a language model needs beside its graph. */
const COMPANIONS = [
  'tokenizer.json',
  'tokenizer_config.json',
  'config.json',
  'generation_config.json',
  'chat_template.jinja',
];

async function main(argv: readonly string[]): Promise<number> {
  let args: Int8Args;
  try {
    args = readArgs(argv);
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${USAGE}`);
    return WRONG_ARGUMENTS;
  }
  try {
    await writeTwin(args);
    return WRITTEN;
  } catch (error) {
    console.error(messageOf(error));
    return FAILED;
  }
}

async function writeTwin({ model, out }: Int8Args): Promise<void> {
  const before = new Uint8Array(await readFile(model));
  const { model: after, products } = twinOf(before);
  await mkdir(out, { recursive: true });
  await writeFile(join(out, 'model.onnx'), after);
  const copied = await copyCompanions(dirname(model), out);
  const percent = ((after.length / before.length) * 100).toFixed(1);
  console.log(
    `${before.length} bytes before, ${after.length} after (${percent} %), ${products} products in int8`,
  );
  console.log(copied.length > 0 ? `copied ${copied.join(', ')}` : 'nothing beside it to copy');
}

/** Copies what is there and returns the names. Read and written, since a copy of a protected file is protected, too. */
async function copyCompanions(from: string, to: string): Promise<readonly string[]> {
  const copied: string[] = [];
  for (const name of COMPANIONS) {
    const bytes = await readFile(join(from, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (!bytes) continue;
    await writeFile(join(to, name), bytes);
    copied.push(name);
  }
  return copied;
}

process.exitCode = await main(process.argv.slice(2));
