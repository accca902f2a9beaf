import type { ImagePreprocess, ModelCard, ModelTask } from '../../core/session/state.ts';

/** What stands in the form, as typed. */
export interface TaskDraft {
  readonly kind: string;
  readonly width: string;
  readonly height: string;
  readonly layout: string;
  readonly channels: string;
  readonly scale: string;
  readonly mean: string;
  readonly std: string;
  readonly resize: string;
  readonly labels: string;
  readonly dims: Readonly<Record<string, string>>;
}

/** Larger than any image network reads; keeps a slip of the finger from filling the memory. */
const MOST_PIXELS = 4096;
const MOST_ELEMENTS = 1_000_000;

/** The form as it opens: the task in force, or a plain guess from the first input's shape. */
export function draftOf(card: ModelCard): TaskDraft {
  const image = card.task.kind === 'tensors' ? guess(card) : card.task.preprocess;
  return {
    kind: card.task.kind,
    width: String(image.width),
    height: String(image.height),
    layout: image.layout,
    channels: image.channels,
    scale: Math.abs(image.scale - 1 / 255) < 1e-6 ? '1/255' : String(image.scale),
    mean: image.mean.join(', '),
    std: image.std.join(', '),
    resize: image.resize,
    labels: card.task.kind === 'tensors' ? '' : card.task.labels.join('\n'),
    dims: Object.fromEntries(Object.entries(card.dims).map(([name, value]) => [name, String(value)])),
  };
}

/** Reads the form. Returns a sentence where something in it makes no sense. */
export function readDraft(
  draft: TaskDraft,
  card: ModelCard,
): { readonly task: ModelTask; readonly dims: Readonly<Record<string, number>> } | string {
  const dims: Record<string, number> = {};
  for (const [name, text] of Object.entries(draft.dims)) {
    const value = whole(text, MOST_ELEMENTS);
    if (value === null) return `The size of “${name}” must be a whole number from 1 to ${MOST_ELEMENTS}.`;
    dims[name] = value;
  }
  if (draft.kind === 'tensors') return { task: { kind: 'tensors' }, dims };
  const preprocess = readPreprocess(draft, card);
  if (typeof preprocess === 'string') return preprocess;
  const labels = draft.labels
    .split('\n')
    .map((label) => label.trim())
    .filter(Boolean);
  const kind = draft.kind === 'draw-digit' ? 'draw-digit' : 'classify-image';
  return { task: { kind, preprocess, labels }, dims };
}

function readPreprocess(draft: TaskDraft, card: ModelCard): ImagePreprocess | string {
  const [width, height] = [whole(draft.width, MOST_PIXELS), whole(draft.height, MOST_PIXELS)];
  if (width === null || height === null)
    return `Width and height must be whole numbers from 1 to ${MOST_PIXELS}.`;
  const scale = ratio(draft.scale);
  if (scale === null || scale === 0) return 'The factor must be a number such as 1 or 1/255.';
  const channels = draft.channels === 'gray' || draft.channels === 'BGR' ? draft.channels : 'RGB';
  const wanted = channels === 'gray' ? 1 : 3;
  const [mean, std] = [list(draft.mean, wanted), list(draft.std, wanted)];
  if (!mean || !std || std.includes(0)) {
    return `Mean and std must be ${wanted === 1 ? 'one number' : 'one number or three'} each; std not zero.`;
  }
  return {
    input: card.task.kind === 'tensors' ? (card.inputs[0]?.name ?? '') : card.task.preprocess.input,
    width,
    height,
    layout: draft.layout === 'NHWC' ? 'NHWC' : 'NCHW',
    channels,
    scale,
    mean,
    std,
    resize: draft.resize === 'stretch' || draft.resize === 'fit' ? draft.resize : 'cover',
  };
}

function whole(text: string, most: number): number | null {
  const value = Number(text);
  return text.trim() && Number.isInteger(value) && value >= 1 && value <= most ? value : null;
}

/** "0.5", "1/255". */
function ratio(text: string): number | null {
  const parts = text.split('/').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const [top, bottom = 1] = parts;
  const value = top === undefined || parts.length > 2 ? Number.NaN : top / bottom;
  return Number.isFinite(value) ? value : null;
}

/** One number for all channels, or one for each. */
function list(text: string, wanted: number): number[] | null {
  const values = text
    .split(/[\s,;]+/)
    .filter(Boolean)
    .map(ratio);
  const numbers = values.filter((value) => value !== null);
  if (numbers.length !== values.length) return null;
  const [first] = numbers;
  if (numbers.length === 1 && first !== undefined) return Array<number>(wanted).fill(first);
  return numbers.length === wanted ? numbers : null;
}

function guess(card: ModelCard): ImagePreprocess {
  const dims = (card.inputs[0]?.dims ?? []).map((dim) => (typeof dim === 'string' ? card.dims[dim] : dim));
  const last = dims.length === 4 && (dims[3] === 3 || dims[3] === 1);
  const [height, width, depth] = last ? [dims[1], dims[2], dims[3]] : [dims[2], dims[3], dims[1]];
  return {
    input: card.inputs[0]?.name ?? '',
    width: width ?? 224,
    height: height ?? 224,
    layout: last ? 'NHWC' : 'NCHW',
    channels: depth === 1 ? 'gray' : 'RGB',
    scale: 1 / 255,
    mean: depth === 1 ? [0] : [0, 0, 0],
    std: depth === 1 ? [1] : [1, 1, 1],
    resize: 'cover',
  };
}
