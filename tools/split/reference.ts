import { InputError, messageOf } from '../../core/errors.ts';
import type { ModelGraph } from '../../core/graph/model-graph.ts';
import { guesses, sampleInputs } from '../../core/graph/sample-inputs.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';
import { compare } from './compare.ts';
import { type ModelFile, wholeModel } from './model-file.ts';
import { fetchNames } from './ort-values.ts';
import { recordedInputs } from './recorded.ts';
import { runWhole, WholeSession } from './runs.ts';

/** What a file is run on. */
export interface ExamineOptions {
  readonly inputs: string | null;
  readonly dims: Readonly<Record<string, number>>;
  /** Time for the file. */
  readonly limitS: number;
}

/** What ONNX Runtime makes of a file by itself. */
export interface Reference {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** False where another run may give other numbers: the model draws random ones, or did give others. */
  readonly steady: boolean;
}

/** Random inputs are the same on every run. */
export const SEED = 1;

/**
 * Runs the file untouched, on recorded inputs or on the first guess that it accepts; `refusal` is what the runtime
 * says where it does not load the file, or accepts no guess.
 */
export async function referenceFor(
  file: ModelFile,
  { inputs: folder, dims }: Pick<ExamineOptions, 'inputs' | 'dims'>,
): Promise<Reference | { readonly refusal: string }> {
  const { graph } = file;
  const model = await wholeModel(file);
  let session: WholeSession;
  try {
    session = await WholeSession.load(model);
  } catch (error) {
    return { refusal: oneLine(error) };
  }
  try {
    if (fetchNames(graph).length === 0) return { refusal: 'a browser cannot be given any of its results' };
    const recorded = folder ? await recordedInputs(folder, graph.inputs) : null;
    let first = '';
    for (const guess of recorded ? [{}] : guesses(graph.inputs)) {
      try {
        const inputs = recorded ?? sampleInputs(graph.inputs, dims, SEED, guess);
        const outputs = await session.run(graph, inputs);
        const again = compare(outputs, await runWhole(model, graph, inputs));
        return { inputs, outputs, steady: again.equal && !drawsRandomNumbers(graph) };
      } catch (error) {
        first ||= oneLine(error);
        if (error instanceof InputError && graph.unsendable.length > 0) break;
      }
    }
    return { refusal: first };
  } finally {
    // A run that failed may have broken the session, too.
    await session.release().catch(() => undefined);
  }
}

/**
 * By name, anywhere in a node: bodies of control flow count. Each session seeds such operators anew. Dropout draws only
 * where it is told to train, by its third input.
 */
function drawsRandomNumbers({ nodes, model }: ModelGraph): boolean {
  const text = new TextDecoder('latin1');
  const named = [...nodes.map(({ proto }) => proto), ...model.preamble].some((proto) =>
    /RandomNormal|RandomUniform|Multinomial|Bernoulli/.test(text.decode(proto)),
  );
  return named || nodes.some(({ opType, inputs }) => opType === 'Dropout' && Boolean(inputs[2]));
}

/** The runtime's messages may hold whole tables. */
const LONGEST = 300;

/** What was thrown, as part of a row. */
export function oneLine(error: unknown): string {
  const line = messageOf(error).replaceAll(/\s+/g, ' ').trim().replace(/\.$/, '');
  return line.length > LONGEST ? `${line.slice(0, LONGEST)} …` : line;
}
