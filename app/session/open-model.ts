import { messageOf, UncuttableError } from '../../core/errors.ts';
import { type Blocks, blocksOf, wholeBlock } from '../../core/graph/blocks.ts';
import { type ModelGraph, modelGraph } from '../../core/graph/model-graph.ts';
import { readModel } from '../../core/graph/onnx-model.ts';
import { sampleInputs } from '../../core/graph/sample-inputs.ts';
import type { OpenModel } from '../../core/runtime/leader.ts';
import { guessTask, type TaskGuess } from '../../core/session/guess-task.ts';
import type { ModelCard, ModelTask } from '../../core/session/state.ts';
import { blobSource, type ModelFiles } from './model-source.ts';

/** What the opener knows beside the file. */
export interface Provenance {
  readonly name: string;
  readonly about: string;
  readonly source: ModelCard['source'];
  /** Known for bundled models; guessed from the graph otherwise. */
  readonly task: ModelTask | null;
}

/** Reads the graph, finds its cuts and what it is for. The weights stay in the file. @throws ModelFormatError, FetchError */
export async function openModel(files: ModelFiles, provenance: Provenance): Promise<OpenModel> {
  const model = await readModel(blobSource(files.main));
  const graph = modelGraph(model);
  const external = new Map<string, Blob>();
  for (const location of graph.files) external.set(location, await files.external(location));
  const { blocks, uncuttable } = cut(graph);
  const guess = guessTask({
    name: provenance.name,
    inputs: graph.inputs,
    outputs: graph.outputs,
    metadata: graph.metadata,
  });
  const task = provenance.task ?? (await withLabels(guess));
  const bytes = [...external.values()].reduce((sum, blob) => sum + blob.size, files.main.size);
  const card: ModelCard = {
    name: provenance.name,
    about: provenance.about,
    source: provenance.source,
    bytes,
    weightBytes: graph.weightBytes,
    nodes: graph.nodes.length,
    blocks: blocks.count,
    uncuttable,
    inputs: graph.inputs,
    outputs: graph.outputs,
    dims: guess.dims,
    task,
  };
  const blobOf = (file: string): Blob => external.get(file) ?? files.main;
  return withTask({ card, graph, blocks, blobOf, sample: () => [] }, task, guess.dims);
}

/** The same model with a corrected task or other dimensions. */
export function withTask(
  model: OpenModel,
  task: ModelTask,
  dims: Readonly<Record<string, number>>,
): OpenModel {
  const card = { ...model.card, task, dims };
  return { ...model, card, sample: () => sampleInputs(card.inputs, dims, 1) };
}

/** A model without a usable cut still runs, whole, on one device. */
function cut(graph: ModelGraph): { blocks: Blocks; uncuttable: string | null } {
  try {
    return { blocks: blocksOf(graph), uncuttable: null };
  } catch (error) {
    if (!(error instanceof UncuttableError)) throw error;
    return { blocks: wholeBlock(graph), uncuttable: messageOf(error) };
  }
}

async function withLabels({ task, labelSet }: TaskGuess): Promise<ModelTask> {
  if (task.kind === 'tensors' || labelSet !== 'imagenet1k') return task;
  const response = await fetch(`${import.meta.env.BASE_URL}labels/imagenet1k.json`);
  // Without names the classes still have numbers.
  if (!response.ok) return task;
  return { ...task, labels: (await response.json()) as string[] };
}
