import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** What `models/int8/main.ts` was asked to do. */
export interface Int8Args {
  readonly model: string;
  /** A folder other than the model's. */
  readonly out: string;
}

export const USAGE: string = `npm run int8 -- MODEL.onnx --out DIR

  writes DIR/model.onnx, MODEL with its products in int8, and copies the tokenizer and the settings beside MODEL

Exit: 0 written, 1 failed, 2 wrong arguments.`;

/** Reads the command line; throws TypeError or RangeError with a message for people. */
export function readArgs(argv: readonly string[]): Int8Args {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { out: { type: 'string' } },
  });
  const [model, ...more] = positionals;
  if (!model || more.length > 0) throw new RangeError('one model file is needed');
  if (!values.out) throw new RangeError('--out DIR is needed');
  // The float model may be named as the twin will be.
  if (resolve(values.out) === resolve(dirname(model)))
    throw new RangeError('--out is the folder of the model');
  return { model, out: values.out };
}
