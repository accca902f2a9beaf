import { intAttribute } from '../../core/graph/model-builder.ts';
import { intsAttribute } from './attributes.ts';
import { GraphDraft, pathOf } from './draft.ts';
import { normal } from './fills.ts';

/** The sizes of a ResNet of bottlenecks. */
export interface ResnetSizes {
  /** As in the name: 50, 101, 152; 14 and 26 are small ones for tests. */
  readonly layers: number;
  /** Channels after the stem: 64. */
  readonly hidden: number;
  readonly classes: number;
}

/** Bottlenecks of the four groups, by depth (He et al., arXiv:1512.03385, table 1). */
const GROUPS: ReadonlyMap<number, readonly number[]> = new Map([
  [14, [1, 1, 1, 1]],
  [26, [2, 2, 2, 2]],
  [50, [3, 4, 6, 3]],
  [101, [3, 4, 23, 3]],
  [152, [3, 8, 36, 3]],
]);

/** A bottleneck makes four times the channels that it works in. */
const EXPANSION = 4;
const SIDE = 224;
/** With this gain Relu keeps the size of values (He et al., arXiv:1502.01852). */
const BEFORE_RELU = Math.SQRT2;
/** A branch adds a quarter of the stream's power: else the power would double with each block. */
const BRANCH = 0.5;
const BIAS = 0.05;

/**
 * ResNet as torchvision's is exported, batch normalisation folded into the convolutions:
 * [N, 3, 224, 224] to [N, classes]. Throws RangeError for a depth that there is not.
 */
export function resnet({ layers, hidden, classes }: ResnetSizes): GraphDraft {
  const groups = GROUPS.get(layers);
  if (!groups) throw new RangeError(`--layers is one of ${[...GROUPS.keys()].join(', ')}, not ${layers}`);
  const draft = new GraphDraft();
  const image = draft.input('input', 'float32', ['N', 3, SIDE, SIDE]);
  const stem = conv(draft, 'conv1', image, { from: 3, to: hidden, kernel: 7, stride: 2 }, BEFORE_RELU);
  let x = draft.node('MaxPool', '/maxpool/MaxPool', [draft.node('Relu', '/relu/Relu', [stem])], {
    attributes: window(3, 2),
  });
  let from = hidden;
  for (const [group, count] of groups.entries()) {
    const width = hidden * 2 ** group;
    for (let block = 0; block < count; block++) {
      const stride = group > 0 && block === 0 ? 2 : 1;
      x = bottleneck(draft, `layer${group + 1}.layer${group + 1}.${block}`, x, { from, width, stride });
      from = width * EXPANSION;
    }
  }
  const pooled = draft.node('GlobalAveragePool', '/avgpool/GlobalAveragePool', [x]);
  const flat = draft.node('Flatten', '/Flatten', [pooled], { attributes: [intAttribute('axis', 1)] });
  const weight = draft.weight('fc.weight', [classes, from], normal(from ** -0.5));
  const bias = draft.weight('fc.bias', [classes], normal(BIAS));
  draft.node('Gemm', '/fc/Gemm', [flat, weight, bias], {
    attributes: [intAttribute('transB', 1)],
    outputs: [draft.output('output', 'float32', ['N', classes])],
  });
  return draft;
}

function bottleneck(
  draft: GraphDraft,
  module: string,
  x: string,
  { from, width, stride }: { readonly from: number; readonly width: number; readonly stride: number },
): string {
  const at = pathOf(module);
  const to = width * EXPANSION;
  const relu = (name: string, y: string): string => draft.node('Relu', `${at}/${name}/Relu`, [y]);
  const narrow = { from, to: width, kernel: 1, stride: 1 };
  const first = relu('relu', conv(draft, `${module}.conv1`, x, narrow, BEFORE_RELU));
  const middle = { from: width, to: width, kernel: 3, stride };
  const second = relu('relu_1', conv(draft, `${module}.conv2`, first, middle, BEFORE_RELU));
  const third = conv(draft, `${module}.conv3`, second, { from: width, to, kernel: 1, stride: 1 }, BRANCH);
  const skip =
    from === to ? x : conv(draft, `${module}.downsample.downsample.0`, x, { from, to, kernel: 1, stride }, 1);
  return relu('relu_2', draft.node('Add', `${at}/Add`, [third, skip]));
}

/** A convolution with bias; the deviation of its weights makes the output `gain` times the size of the input. */
function conv(
  draft: GraphDraft,
  module: string,
  x: string,
  { from, to, kernel, stride }: { from: number; to: number; kernel: number; stride: number },
  gain: number,
): string {
  const deviation = gain * (from * kernel * kernel) ** -0.5;
  const weight = draft.weight(`${module}.weight`, [to, from, kernel, kernel], normal(deviation));
  const bias = draft.weight(`${module}.bias`, [to], normal(BIAS));
  const attributes = [...window(kernel, stride), intAttribute('group', 1)];
  return draft.node('Conv', `${pathOf(module)}/Conv`, [x, weight, bias], { attributes });
}

function window(kernel: number, stride: number): Uint8Array<ArrayBuffer>[] {
  const edge = (kernel - 1) / 2;
  return [
    intsAttribute('kernel_shape', [kernel, kernel]),
    intsAttribute('pads', [edge, edge, edge, edge]),
    intsAttribute('strides', [stride, stride]),
  ];
}
