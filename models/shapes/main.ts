import { messageOf } from '../../core/errors.ts';
import { readArgs, type ShapesArgs, USAGE } from './args.ts';
import { sizeOf } from './layout.ts';
import { writeNetwork } from './write-network.ts';

const WRITTEN = 0;
const FAILED = 1;
const WRONG_ARGUMENTS = 2;

async function main(argv: readonly string[]): Promise<number> {
  let args: ShapesArgs;
  try {
    args = readArgs(argv);
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${USAGE}`);
    return WRONG_ARGUMENTS;
  }
  try {
    await generate(args);
    return WRITTEN;
  } catch (error) {
    console.error(messageOf(error));
    return FAILED;
  }
}

async function generate({ preset, sizes, style, out, seed, oneFile }: ShapesArgs): Promise<void> {
  const started = performance.now();
  const draft = preset.draft(sizes, style);
  const files = await writeNetwork(out, draft, { seed, oneFile, onProgress: progress() });
  const seconds = (performance.now() - started) / 1000;
  console.log(`${draft.nodes.length} nodes, ${sizeOf(draft.weights)} weight bytes, ${seconds.toFixed(1)} s`);
  for (const { name, bytes, sha256 } of files) console.log(`${sha256}  ${bytes}  ${name}`);
}

/** A line on stderr for each tenth that is written. */
function progress(): (done: number, total: number) => void {
  let told = 0;
  return (done, total) => {
    const tenths = Math.floor((done / total) * 10);
    if (tenths === told) return;
    told = tenths;
    console.error(`${tenths * 10} % of ${total} bytes`);
  };
}

process.exitCode = await main(process.argv.slice(2));
