import { ModelFormatError } from '../errors.ts';
import { blocksOf } from '../graph/blocks.ts';
import type { ByteSource } from '../graph/byte-source.ts';
import { initialStates } from '../graph/initial-states.ts';
import { modelGraph } from '../graph/model-graph.ts';
import { readModel } from '../graph/onnx-model.ts';
import { RecordedSource } from '../graph/recorded-source.ts';
import { sampleInputs } from '../graph/sample-inputs.ts';
import type { Calibration } from '../protocol/calibration.ts';
import type { GraphFile, Inheritance } from '../protocol/inheritance.ts';
import type { LaidPiece } from '../weights/file-pieces.ts';
import type { OpenModel } from './open-model.ts';

/** The same model as the leader before had it open. `beside`: the files that its card names. @throws ModelFormatError */
export async function inheritModel(
  { card, origin, hashes, files }: Inheritance,
  beside: readonly LaidPiece[],
): Promise<OpenModel> {
  const sources = new Map(files.map((file) => [file.name, sourceOf(file)]));
  const main = sources.get('');
  if (!main) throw missing('the model file');
  const externalSource = (file: string): ByteSource | undefined => sources.get(file);
  const graph = modelGraph(await readModel(main, { externalSource }));
  const blocks = blocksOf(graph);
  const { dims, inputs } = card;
  const states = initialStates(graph.inputs, blocks.states, dims);
  if (blocks.count !== card.blocks || states.length !== (card.states?.length ?? 0)) {
    throw missing(`a graph of ${card.blocks} layers`);
  }
  return {
    card,
    graph,
    blocks,
    blobOf: null,
    atHand: new Map(),
    origin,
    hashes,
    beside,
    graphFiles: files,
    sample: (guess) => sampleInputs(inputs, dims, 1, guess),
  };
}

/** Times as this device would have measured them: those of all blocks relate to each other as its bench does. */
export function asMeasuredHere({ calibration, benchMs }: Inheritance, ownBenchMs: number): Calibration {
  const ratio = benchMs > 0 && ownBenchMs > 0 ? ownBenchMs / benchMs : 1;
  const { blockMs, wholeMs } = calibration;
  return {
    ...calibration,
    blockMs: blockMs.map((ms) => ms * ratio),
    wholeMs: wholeMs === null ? null : wholeMs * ratio,
  };
}

function sourceOf({ size, parts }: GraphFile): ByteSource {
  const nothing: ByteSource = { size, read: async () => Promise.reject(missing('a part of the graph')) };
  return new RecordedSource(nothing, parts);
}

function missing(expected: string): ModelFormatError {
  const step = 'take over the model';
  return new ModelFormatError(`The model cannot be taken over: ${expected} is missing.`, { step, expected });
}
