import { blocksOf } from '../../core/graph/blocks.ts';
import type { SplitArgs } from './args.ts';
import { Examiners } from './examiners.ts';
import { type FileReport, isGood, rowsOf } from './file-report.ts';
import { openModelFile } from './model-file.ts';
import { modelPaths } from './model-paths.ts';

/** How a command ends, and what it writes for `--json`. */
export interface Outcome {
  readonly exit: number;
  readonly report: object;
}

const EQUAL = 0;
const DIFFERENT = 1;
const CANNOT_BE_CUT = 2;

/** Lists the cuts of each file, or tries each of them. */
export async function everyCut(args: SplitArgs): Promise<Outcome> {
  const paths = await modelPaths(args.files);
  return args.check ? checkAll(paths, args) : listAll(paths);
}

async function checkAll(paths: readonly string[], args: SplitArgs): Promise<Outcome> {
  const examiners = new Examiners(tellProgress);
  const files: FileReport[] = [];
  for (const path of paths) {
    const report = await examiners.examine({
      path,
      inputs: args.inputs,
      dims: args.dims,
      limitS: args.limit,
    });
    files.push(report);
    tellProgress('');
    console.log(rowsOf(report).join('\n'));
  }
  examiners.end();
  const count = (verdict: FileReport['verdict']): number =>
    files.filter((file) => file.verdict === verdict).length;
  console.log(
    `${files.length} files: ${count('equal')} equal, ${count('whole')} run whole, ${count('refused')} refused, ` +
      `${count('different')} different, ${count('failed')} failed`,
  );
  const [only] = files;
  if (!files.every(isGood)) return { exit: DIFFERENT, report: { files } };
  const uncuttable = files.length === 1 && only?.verdict !== 'equal';
  return { exit: uncuttable ? CANNOT_BE_CUT : EQUAL, report: { files } };
}

async function listAll(paths: readonly string[]): Promise<Outcome> {
  const files: object[] = [];
  for (const path of paths) {
    const { graph } = await openModelFile(path);
    const blocks = blocksOf(graph, Number.POSITIVE_INFINITY);
    if (blocks.uncuttable && paths.length === 1) throw blocks.uncuttable;
    console.log(blocks.uncuttable ? `${path}: ${blocks.uncuttable.message}` : `${path}:`);
    const cuts = blocks.positions.slice(1, -1).map((position, cut) => {
      const crossing = (blocks.boundaries[cut + 1] ?? []).map(({ name }) => name);
      console.log(`after step ${position}: ${crossing.join(', ')}`);
      return { position, crossing };
    });
    console.log(`${cuts.length} usable cuts`);
    files.push({ file: path, cuts });
  }
  return { exit: EQUAL, report: { files } };
}

/** A line that is written over, for people at a terminal only. */
function tellProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text.slice(-79).padEnd(79)}\r`);
}
