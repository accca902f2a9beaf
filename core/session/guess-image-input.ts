import type { BoundaryTensor } from '../graph/shard.types.ts';

/** A model input that has the shape of one picture. */
export interface ImageInput {
  readonly name: string;
  readonly layout: 'NCHW' | 'NHWC';
  readonly channels: 1 | 3;
  readonly width: number;
  readonly height: number;
  /** Values for its symbolic dimensions. */
  readonly dims: Readonly<Record<string, number>>;
}

/** The size that most ImageNet classifiers were trained at, for models that take any. */
const USUAL_SIDE = 224;
/** Smaller is no picture, larger would not fit a phone. */
const SMALLEST_SIDE = 8;
const LARGEST_SIDE = 2048;

/** Reads an input as a picture, [N, C, H, W] or [N, H, W, C] with 1 or 3 channels; null when it has another shape. */
export function guessImageInput(input: BoundaryTensor | undefined): ImageInput | null {
  if (input?.dtype !== 'float32' || input.dims?.length !== 4) return null;
  const [batch, second, third, fourth] = input.dims;
  if (typeof batch === 'number' && batch !== 1) return null;
  const channelsFirst = channelCount(second);
  const channelsLast = channelCount(fourth);
  const layout = channelsFirst ? 'NCHW' : 'NHWC';
  const channels = channelsFirst ?? channelsLast;
  if (!channels) return null;
  const dims: Record<string, number> = {};
  if (typeof batch === 'string') dims[batch] = 1;
  const side = (dim: number | string | null | undefined): number => {
    if (typeof dim === 'number') return dim;
    if (typeof dim === 'string') dims[dim] = USUAL_SIDE;
    return USUAL_SIDE;
  };
  const height = side(layout === 'NCHW' ? third : second);
  const width = side(layout === 'NCHW' ? fourth : third);
  if (Math.min(width, height) < SMALLEST_SIDE || Math.max(width, height) > LARGEST_SIDE) return null;
  return { name: input.name, layout, channels, width, height, dims };
}

function channelCount(dim: number | string | null | undefined): 1 | 3 | undefined {
  return dim === 1 || dim === 3 ? dim : undefined;
}
