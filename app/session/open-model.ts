import { blocksOf } from '../../core/graph/blocks.ts';
import type { ByteRange, ByteSource } from '../../core/graph/byte-source.ts';
import { modelGraph } from '../../core/graph/model-graph.ts';
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
}

/**
 * Reads the graph, finds its cuts and what it is for. The weights stay in the file. `sizes` of symbolic
 * dimensions, by name, go before the guessed ones.
 * @throws ModelFormatError, FetchError
 */
export async function openModel(
  files: ModelFiles,
  provenance: Provenance,
  sizes: Readonly<Record<string, number>> = {},
): Promise<OpenModel> {
  const source = blobSource(files.main);
  const first = await readModel(source);
  const external = new Map<string, Blob>();
  for (const { file } of first.initializers.flatMap(({ body }) => body ?? [])) {
    if (file !== '' && !external.has(file)) external.set(file, await files.external(file));
  }
  const sourceOf = (file: string): ByteSource | undefined => {
    const blob = external.get(file);
    return blob && blobSource(blob);
  };
  const model = external.size > 0 ? await readModel(source, { externalSource: sourceOf }) : first;
  const graph = modelGraph(model);
  const blocks = blocksOf(graph);
  const guess = guessTask({ name: provenance.name, inputs: graph.inputs, outputs: graph.outputs });
  const task = await withLabels(guess);
  const dims = { ...guess.dims, ...sizes };
  const card: ModelCard = {
    ...provenance,
    bytes: [...external.values()].reduce((sum, blob) => sum + blob.size, files.main.size),
    weightBytes: model.initializers.reduce((sum, { bytes }) => sum + bytes, 0),
    nodes: graph.nodes.length,
    blocks: blocks.count,
    uncuttable: blocks.uncuttable?.message ?? null,
    inputs: graph.inputs,
    outputs: graph.outputs,
    dims,
    task,
  };
  const blobOf = (file: ByteRange['file']): Blob => external.get(file) ?? files.main;
  return withTask({ card, graph, blocks, blobOf, sample: () => [] }, task, dims);
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

async function withLabels({ task, labelSet }: TaskGuess): Promise<ModelTask> {
  if (task.kind === 'tensors' || labelSet !== 'imagenet1k') return task;
  const response = await fetch(`${import.meta.env.BASE_URL}labels/imagenet1k.json`);
  // Without names the classes still have numbers.
  if (!response.ok) return task;
  return { ...task, labels: (await response.json()) as string[] };
}
