import type { ImageInput } from './guess-image-input.ts';
import type { TaskClues } from './guess-task.ts';
import type { ImagePreprocess } from './state.ts';

type Values = Pick<ImagePreprocess, 'channels' | 'scale' | 'mean' | 'std'>;

/** Means and deviations of ImageNet's training pictures, as torchvision uses them: most exported classifiers. */
const IMAGENET: Values = {
  channels: 'RGB',
  scale: 1 / 255,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};
/** Caffe's networks: blue first, pixels of 0..255 less the mean pixel. */
const CAFFE: Values = { channels: 'BGR', scale: 1, mean: [104, 117, 123], std: [1, 1, 1] };
/** TensorFlow's slim networks: pixels of -1..1. */
const TENSORFLOW: Values = { channels: 'RGB', scale: 1 / 127.5, mean: [1, 1, 1], std: [1, 1, 1] };
const GRAY: Values = { channels: 'gray', scale: 1 / 255, mean: [0], std: [1] };
/** CNTK's MNIST network in the ONNX model zoo takes 0..255. */
const GRAY_255: Values = { channels: 'gray', scale: 1, mean: [0], std: [1] };

/** What the pixels must look like, by what the file says, else by family, else as most networks want them. */
export function guessPreprocess(clues: TaskClues, image: ImageInput): ImagePreprocess {
  const { name, width, height, layout } = image;
  const resize = image.channels === 1 && width === 28 && height === 28 ? 'fit' : 'stretch';
  return { input: name, width, height, layout, ...(declared(clues, image) ?? usual(clues, image)), resize };
}

function usual({ name }: TaskClues, image: ImageInput): Values {
  if (image.channels === 1)
    return /mnist-?(1|7|8|12)\b/i.test(name) || image.name === 'Input3' ? GRAY_255 : GRAY;
  // 227 is the side of Caffe's AlexNet and its descendants, SqueezeNet 1.0 among them.
  if (image.width === 227 || /caffe|bvlc|alexnet/i.test(name)) return CAFFE;
  return image.layout === 'NHWC' ? TENSORFLOW : IMAGENET;
}

/** What `metadata_props` says in the words of onnx/docs/MetadataProps.md. */
function declared({ metadata }: TaskClues, image: ImageInput): Values | null {
  const range = metadata?.['Image.NominalPixelRange'];
  if (range === undefined) return null;
  const count = image.channels;
  const bgr = metadata?.['Image.BitmapPixelFormat']?.startsWith('Bgr');
  const channels = count === 1 ? 'gray' : bgr ? 'BGR' : 'RGB';
  const all = (value: number): number[] => new Array<number>(count).fill(value);
  if (range === 'NominalRange_0_255') return { channels, scale: 1, mean: all(0), std: all(1) };
  if (range === 'Normalized_0_1') return { channels, scale: 1 / 255, mean: all(0), std: all(1) };
  if (range === 'Normalized_1_1') return { channels, scale: 1 / 127.5, mean: all(1), std: all(1) };
  return null;
}
