import { intAttribute } from '../../core/graph/model-builder.ts';
import { type DecoderSizes, headSize, rotaryAngle } from './decoder.ts';
import type { GraphDraft } from './draft.ts';
import { computed } from './fills.ts';

/** Cosines and sines of the positions asked for: [batch, 1, queries, head]. */
export interface PlainRotary {
  readonly cos: string;
  readonly sin: string;
}

/** Past the end of every axis. */
const END = 2 ** 31 - 1;

/** Looks up the angles of position_ids. */
export function plainRotary(draft: GraphDraft, sizes: DecoderSizes): PlainRotary {
  const head = headSize(sizes);
  const waves = (wave: 'cos' | 'sin'): string => {
    const table = draft.weight(
      `model.rotary_emb.${wave}_cached`,
      [sizes.context, head],
      // Both halves of a head turn by the same angles.
      computed((at) => Math[wave](rotaryAngle(Math.floor(at / head), at % (head / 2), head))),
    );
    const rows = draft.node('Gather', `/model/rotary_emb/Gather_${wave}`, [table, 'position_ids']);
    return draft.node('Unsqueeze', `/model/rotary_emb/Unsqueeze_${wave}`, [rows, draft.longs(1)]);
  };
  return { cos: waves('cos'), sin: waves('sin') };
}

/** Turns queries or keys, [batch, heads, sequence, head], by the angles of their positions. */
export function turned(draft: GraphDraft, at: string, x: string, head: number, by: PlainRotary): string {
  const [start, middle, end, axis] = [
    draft.longs(0),
    draft.longs(head / 2),
    draft.longs(END),
    draft.longs(3),
  ];
  const first = draft.node('Slice', `${at}/Slice`, [x, start, middle, axis]);
  const second = draft.node('Slice', `${at}/Slice_1`, [x, middle, end, axis]);
  const minus = draft.node('Neg', `${at}/Neg`, [second]);
  const half = draft.node('Concat', `${at}/Concat`, [minus, first], {
    attributes: [intAttribute('axis', 3)],
  });
  const straight = draft.node('Mul', `${at}/Mul`, [x, by.cos]);
  const across = draft.node('Mul', `${at}/Mul_1`, [half, by.sin]);
  return draft.node('Add', `${at}/Add`, [straight, across]);
}
