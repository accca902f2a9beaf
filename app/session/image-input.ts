import { InputError } from '../../core/errors.ts';
import type { ModelTask } from '../../core/session/state.ts';
import { digitToTensor, imageToTensor } from '../../core/tensor/image-tensor.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';

/** Safari on iPhone makes no larger canvas (WebKit bug 195325); a larger photo is shrunk by the browser first. */
const LARGEST_CANVAS = 16_777_216;

/**
 * A picture as the input tensor of a model that takes pictures, the same in every browser: the browser decodes,
 * our own code resizes. @throws InputError when the picture is empty or the preprocessing contradicts itself.
 */
export function imageTensor(
  image: ImageBitmap | ImageData,
  task: Exclude<ModelTask, { kind: 'tensors' }>,
): Tensor {
  if (image.width < 1 || image.height < 1) {
    throw new InputError('The picture is empty.', {
      step: 'read the picture',
      expected: 'at least one pixel',
      actual: `${image.width} x ${image.height}`,
    });
  }
  const drawing = task.kind === 'draw-digit';
  const pixels = image instanceof ImageData ? image : pixelsOf(image, drawing);
  return drawing ? digitToTensor(pixels, task.preprocess) : imageToTensor(pixels, task.preprocess);
}

function pixelsOf(image: ImageBitmap, keepTransparency: boolean): ImageData {
  const shrink = Math.min(1, Math.sqrt(LARGEST_CANVAS / (image.width * image.height)));
  const width = Math.max(1, Math.floor(image.width * shrink));
  const height = Math.max(1, Math.floor(image.height * shrink));
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) {
    throw new InputError('This browser could not read the picture.', {
      step: 'read the picture',
      expected: 'a 2d canvas',
      actual: `none of ${width} x ${height}`,
    });
  }
  if (!keepTransparency) {
    // Where a picture is transparent it is shown on white, as on paper.
    context.fillStyle = 'white';
    context.fillRect(0, 0, width, height);
  }
  context.drawImage(image, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}
