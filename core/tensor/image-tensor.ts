import { InputError } from '../errors.ts';
import type { ImagePreprocess } from '../session/state.ts';
import { centreDigit } from './centre-digit.ts';
import { inkOf, luminance, type Pixels } from './ink.ts';
import { resample } from './resample.ts';
import { fromFloat32, type Tensor } from './tensor.ts';

/** Wider pictures than any classifier takes; a person may type any number into the form. */
const LARGEST_SIDE = 2048;

/** Where the resized picture lies in the model's input; around it stays nothing, that is zero after scaling. */
interface Frame {
  readonly crop: {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
  };
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * A picture as the model's input tensor, [1, C, H, W] or [1, H, W, C], float32.
 * @throws InputError when the preprocessing contradicts itself.
 */
export function imageToTensor(pixels: Pixels, preprocess: ImagePreprocess): Tensor {
  check(preprocess);
  const frame = frameOf(pixels, preprocess);
  const rgba = resample(cropped(pixels, frame.crop), frame.crop, frame, 4);
  return fill(rgba, frame, preprocess);
}

/** A drawing of a digit as the model's input tensor, centred and scaled like the digits it learned from. */
export function digitToTensor(pixels: Pixels, preprocess: ImagePreprocess): Tensor {
  check(preprocess);
  const digit = centreDigit(inkOf(pixels), pixels.width, pixels.height);
  const side = { width: 28, height: 28 };
  const gray = resample(digit, side, preprocess, 1);
  const rgba = new Uint8Array(gray.length * 4);
  gray.forEach((value, index) => {
    rgba.fill(value, index * 4, index * 4 + 4);
  });
  const { width, height } = preprocess;
  return fill(rgba, { crop: { left: 0, top: 0, ...side }, left: 0, top: 0, width, height }, preprocess);
}

function check({ width, height, channels, mean, std }: ImagePreprocess): void {
  const sides = [width, height];
  if (!sides.every((side) => Number.isInteger(side) && side >= 1 && side <= LARGEST_SIDE)) {
    throw wrong(`a size of 1 to ${LARGEST_SIDE} pixels`, `${width} x ${height}`);
  }
  const count = channels === 'gray' ? 1 : 3;
  if (mean.length !== count || std.length !== count) {
    throw wrong(`${count} means and deviations`, `${mean.length} and ${std.length}`);
  }
  if (std.includes(0)) throw wrong('deviations other than 0', std.join(', '));
}

function wrong(expected: string, actual: string): InputError {
  return new InputError(`The picture cannot be prepared: it takes ${expected}, not ${actual}.`, {
    step: 'prepare the picture',
    expected,
    actual,
  });
}

function frameOf(pixels: Pixels, { width, height, resize }: ImagePreprocess): Frame {
  const all = { left: 0, top: 0, width: pixels.width, height: pixels.height };
  if (resize === 'stretch') return { crop: all, left: 0, top: 0, width, height };
  const ratios = [width / pixels.width, height / pixels.height] as const;
  if (resize === 'cover') {
    const scale = Math.max(...ratios);
    const w = Math.min(pixels.width, Math.max(1, Math.round(width / scale)));
    const h = Math.min(pixels.height, Math.max(1, Math.round(height / scale)));
    const crop = { left: (pixels.width - w) >> 1, top: (pixels.height - h) >> 1, width: w, height: h };
    return { crop, left: 0, top: 0, width, height };
  }
  const scale = Math.min(...ratios);
  const w = Math.min(width, Math.max(1, Math.round(pixels.width * scale)));
  const h = Math.min(height, Math.max(1, Math.round(pixels.height * scale)));
  return { crop: all, left: (width - w) >> 1, top: (height - h) >> 1, width: w, height: h };
}

function cropped({ data, width, height }: Pixels, crop: Frame['crop']): Pixels['data'] {
  if (crop.width === width && crop.height === height) return data;
  const part = new Uint8Array(crop.width * crop.height * 4);
  for (let y = 0; y < crop.height; y++) {
    const start = ((crop.top + y) * width + crop.left) * 4;
    part.set(data.subarray(start, start + crop.width * 4), y * crop.width * 4);
  }
  return part;
}

function fill(rgba: Uint8Array, frame: Frame, preprocess: ImagePreprocess): Tensor {
  const { width, height, layout, channels, scale, mean, std } = preprocess;
  const count = channels === 'gray' ? 1 : 3;
  const values = new Float32Array(count * height * width);
  const [pixelStep, channelStep] = layout === 'NCHW' ? [1, width * height] : [count, 1];
  for (let channel = 0; channel < count; channel++) {
    // BGR asks for the channels of the source from the last to the first.
    const source = channels === 'BGR' ? 2 - channel : channel;
    const less = mean[channel] ?? 0;
    const over = std[channel] ?? 1;
    for (let y = 0; y < frame.height; y++) {
      for (let x = 0; x < frame.width; x++) {
        const at = (y * frame.width + x) * 4;
        const level = channels === 'gray' ? gray(rgba, at) : (rgba[at + source] ?? 0);
        const pixel = (frame.top + y) * width + frame.left + x;
        values[pixel * pixelStep + channel * channelStep] = (level * scale - less) / over;
      }
    }
  }
  return fromFloat32(layout === 'NCHW' ? [1, count, height, width] : [1, height, width, count], values);
}

function gray(rgba: Uint8Array, at: number): number {
  return luminance(rgba[at] ?? 0, rgba[at + 1] ?? 0, rgba[at + 2] ?? 0);
}
