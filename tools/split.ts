import { writeFile } from 'node:fs/promises';
import { messageOf } from '../core/errors.ts';
import { readArgs, type SplitArgs, USAGE } from './split/args.ts';
import { everyCut } from './split/every-cut.ts';
import { intoParts } from './split/into-parts.ts';

const WRONG_ARGUMENTS = 2;
const FAILED = 1;
const CANNOT_BE_CUT = 2;

async function main(argv: readonly string[]): Promise<number> {
  let args: SplitArgs;
  try {
    args = readArgs(argv);
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${USAGE}`);
    return WRONG_ARGUMENTS;
  }
  try {
    const { exit, report } = await (args.parts === 'every-cut'
      ? everyCut(args)
      : intoParts(args, args.parts));
    if (args.json) await writeFile(args.json, `${JSON.stringify(report, null, 2)}\n`);
    return exit;
  } catch (error) {
    console.error(messageOf(error));
    return error instanceof Error && error.name === 'UncuttableError' ? CANNOT_BE_CUT : FAILED;
  }
}

process.exitCode = await main(process.argv.slice(2));
