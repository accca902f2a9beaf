import type { BoundaryTensor } from '../graph/shard.types.ts';
import { guessClasses } from './guess-classes.ts';
import { guessImageInput, type ImageInput } from './guess-image-input.ts';
import { guessPreprocess } from './guess-preprocess.ts';
import { CIFAR10, DIGITS, type LabelSet } from './labels.ts';
import type { ModelTask } from './state.ts';

/** What a model file says of itself. */
export interface TaskClues {
  /** File name or title: families of networks are known by it. */
  readonly name: string;
  readonly inputs: readonly BoundaryTensor[];
  readonly outputs: readonly BoundaryTensor[];
  /** ONNX `metadata_props`; may tell pixel format and range (onnx/docs/MetadataProps.md). */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface TaskGuess {
  readonly task: ModelTask;
  /** Names for the classes; `imagenet1k` is a file to fetch, so `task.labels` is empty then. */
  readonly labelSet: LabelSet | null;
  /** Values for the symbolic dimensions of the picture: batch 1, and a size where the model takes any. */
  readonly dims: Readonly<Record<string, number>>;
}

/** What a person can do with a model: draw a digit, show a picture, or only feed tensors. */
export function guessTask(clues: TaskClues): TaskGuess {
  const image = clues.inputs.length === 1 ? guessImageInput(clues.inputs[0]) : null;
  const classes = guessClasses(clues.outputs);
  if (!image || classes === null) return { task: { kind: 'tensors' }, labelSet: null, dims: {} };
  const labelSet = labelSetFor(image, classes);
  const preprocess = guessPreprocess(clues, image);
  const kind = labelSet === 'digits' ? 'draw-digit' : 'classify-image';
  return { task: { kind, preprocess, labels: namesOf(labelSet) }, labelSet, dims: image.dims };
}

function labelSetFor({ width, height, channels }: ImageInput, classes: number | 'unknown'): LabelSet | null {
  if (classes === 1000) return 'imagenet1k';
  if (classes !== 10) return null;
  if (channels === 1 && width === 28 && height === 28) return 'digits';
  return channels === 3 && width === 32 && height === 32 ? 'cifar10' : null;
}

function namesOf(labelSet: LabelSet | null): readonly string[] {
  if (labelSet === 'digits') return DIGITS;
  return labelSet === 'cifar10' ? CIFAR10 : [];
}
