import { UncuttableError } from '../errors.ts';
import { blocksOf } from '../graph/blocks.ts';
import type { ByteSource } from '../graph/byte-source.ts';
import { initialStates } from '../graph/initial-states.ts';
import { modelGraph } from '../graph/model-graph.ts';
import { readModel } from '../graph/onnx-model.ts';
import { type Piece, piecesOf } from '../graph/pieces.ts';
import { RecordedSource } from '../graph/recorded-source.ts';
import { sampleInputs } from '../graph/sample-inputs.ts';
import type { Sha256 } from '../ids.ts';
import { runTraits } from '../language/batching.ts';
import { decoderIo } from '../language/decoder-io.ts';
import type { OriginCard } from '../protocol/origin-card.ts';
import type { OpenModel } from '../runtime/open-model.ts';
import { guessTask, type TaskGuess } from '../session/guess-task.ts';
import type { ModelCard, ModelTask, Progress } from '../session/state.ts';
import { recallManifest } from '../weights/manifest.ts';
import type { PieceStore } from '../weights/piece-store.ts';
import type { Shelf } from '../weights/shelf.ts';
import type { FoundLanguage } from './language-files.ts';
import type { ModelSource } from './model-source.ts';

/** What the opener knows beside the file. */
export interface Provenance {
  readonly name: string;
  readonly about: string;
  readonly source: ModelCard['source'];
}

export interface OpenOptions {
  /** Sizes of symbolic dimensions, by name; they go before the guessed ones. */
  readonly sizes?: Readonly<Record<string, number>> | undefined;
  /** Beginnings to try, where the model writes. */
  readonly starters?: readonly string[] | undefined;
  /** The names of a well-known set of classes; null where they are not at hand: then the classes have numbers. */
  readonly labels?: (set: string) => Promise<readonly string[] | null>;
  readonly progress?: (progress: Progress) => void;
}

/**
 * Reads the graph, finds its cuts and what it is for. The weights stay where they are.
 * @throws ModelFormatError, FetchError
 */
export async function openModel(
  source: ModelSource,
  provenance: Provenance,
  shelf: Shelf,
  { sizes = {}, starters = [], labels, progress }: OpenOptions = {},
): Promise<OpenModel> {
  progress?.({ step: 'Reading the model', fraction: null });
  const main = new RecordedSource(source.main, []);
  const first = await readModel(main);
  const external = new Map<string, RecordedSource>();
  for (const { file } of first.initializers.flatMap(({ body }) => body ?? [])) {
    if (file !== '' && !external.has(file)) {
      external.set(file, new RecordedSource(await source.external(file), []));
    }
  }
  const externalSource = (file: string): ByteSource | undefined => external.get(file);
  const model = external.size > 0 ? await readModel(main, { externalSource }) : first;
  const graphFiles = [['', main] as const, ...external].map(([name, { size, parts }]) => ({
    name,
    size,
    parts,
  }));
  progress?.({ step: 'Finding places to cut', fraction: null });
  const graph = modelGraph(model);
  const blocks = blocksOf(graph);
  if (graph.unsendable.length > 0 && blocks.uncuttable) throw notHere(blocks.uncuttable);
  const guess = guessTask({ name: provenance.name, inputs: graph.inputs, outputs: graph.outputs });
  const task = await withLabels(guess, labels);
  const dims = { ...guess.dims, ...sizes };
  const card: ModelCard = {
    ...provenance,
    bytes: [...external.values()].reduce((sum, { size }) => sum + size, main.size),
    weightBytes: model.initializers.reduce((sum, { bytes }) => sum + bytes, 0),
    nodes: graph.nodes.length,
    blocks: blocks.count,
    uncuttable: blocks.uncuttable?.message ?? null,
    inputs: graph.inputs,
    outputs: graph.outputs,
    dims,
    task,
  };
  const pieces = piecesOf(graph, blocks).all;
  const atHand = new Map<number, Uint8Array<ArrayBuffer>>();
  await Promise.all(
    pieces.map(async (piece) => {
      const bytes = await source.atHand(piece);
      if (bytes) atHand.set(piece.id, bytes);
    }),
  );
  await source.graphRead();
  const origin = source.origin();
  // Where the whole file is here, every piece is hashed anyway, and nothing is taken from an older version.
  const known = origin && !source.blobOf ? await knownHashes(shelf.store, origin, pieces) : [];
  // The publisher's word goes before what a device learned.
  const hashes = pieces.map((piece) => source.hashOf(piece) ?? known[piece.id] ?? null);
  const { blobOf } = source;
  const bare = { card, graph, blocks, blobOf, atHand, origin, hashes, graphFiles, sample: () => [] };
  const opened = withTask(bare, task, dims);
  const language = await languageOf(source, opened.card, shelf);
  if (!language) return opened;
  const { files, contextTokens } = language.card;
  const more = opened.card.runs
    ? { language: { ...language.card, starters } }
    : { encoder: { files, contextTokens } };
  return { ...opened, card: { ...opened.card, ...more }, beside: language.pieces };
}

/** A model of text, sequences and the like: only a program on one device can feed it. */
function notHere({ data }: UncuttableError): UncuttableError {
  const message = `This model ${data.actual ?? 'is fed with other things than tensors of numbers'}, which a room cannot pass on.`;
  return new UncuttableError(message, data);
}

/** What earlier visits learned of the pieces at this address. */
async function knownHashes(
  store: PieceStore,
  origin: OriginCard,
  pieces: readonly Piece[],
): Promise<(Sha256 | null)[]> {
  const manifest = await recallManifest(store, origin);
  const files = new Map(origin.files.map(({ name }, at) => [name, at]));
  return pieces.map(({ file, offset, length }) =>
    manifest.hashOf({ file: files.get(file) ?? 0, offset, length }),
  );
}

/** What lies beside a model that writes or reads text; for all others nothing is fetched, not even the code. */
async function languageOf(source: ModelSource, card: ModelCard, shelf: Shelf): Promise<FoundLanguage | null> {
  if (!card.runs && !(await isEncoder(card))) return null;
  const { findLanguage } = await import('./language-files.ts');
  return findLanguage(source, (bytes) => shelf.digest(bytes));
}

async function isEncoder(card: ModelCard): Promise<boolean> {
  if (!card.inputs.some(({ name }) => name === 'input_ids')) return false;
  const { encoderIo } = await import('../language/encoder-io.ts');
  return encoderIo(card) !== null;
}

/** The same model with a corrected task or other dimensions. */
export function withTask(
  model: OpenModel,
  task: ModelTask,
  dims: Readonly<Record<string, number>>,
): OpenModel {
  const { inputs, outputs } = model.card;
  const initial = initialStates(inputs, model.blocks.states, dims);
  const states = initial.map(({ input, output }) => ({ input, output }));
  const io = decoderIo({ inputs, outputs, states });
  const runs = io && runTraits(model.graph.nodes, io, initial);
  const { runs: _, ...rest } = model.card;
  const card = { ...rest, states, ...(runs && { runs }), task, dims };
  return { ...model, card, sample: (guess) => sampleInputs(card.inputs, dims, 1, guess) };
}

async function withLabels({ task, labelSet }: TaskGuess, find: OpenOptions['labels']): Promise<ModelTask> {
  if (task.kind === 'tensors' || labelSet !== 'imagenet1k' || !find) return task;
  const labels = await find(labelSet);
  return labels ? { ...task, labels } : task;
}
