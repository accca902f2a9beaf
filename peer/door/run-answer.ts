import type { AskResult } from '../../core/runtime/asker.ts';
import type { ModelCard } from '../../core/session/state.ts';
import { elementCount, type Tensor } from '../../core/tensor/tensor.ts';
import type { Exchange } from './exchange.ts';
import { mediaTypeOf, notAcceptable, type TensorType } from './tensor-types.ts';
import { writeNpy } from './tensors/npy.ts';
import { toNumbers } from './tensors/number-bytes.ts';
import { writeSafeTensors } from './tensors/safetensors.ts';

type Outputs = readonly (readonly [name: string, tensor: Tensor])[];

/** To write more numbers as JSON takes longer than heartbeats can wait. */
const MOST_NUMBERS = 2_000_000;

/** @throws DoorError 406 where the answers would be more than one array */
export function checkFits(type: TensorType, { outputs }: ModelCard, items: number): void {
  if (type !== 'npy' || (items === 1 && outputs.length === 1)) return;
  throw notAcceptable(`One .npy file is one array, and these are ${items * outputs.length}.`);
}

/** Sends what some runs gave, in the order of their items. @throws DoorError 406 for more numbers than JSON is for */
export function sendAnswers(
  exchange: Exchange,
  type: TensorType,
  card: ModelCard,
  results: readonly AskResult[],
  isList: boolean,
): void {
  const items = results.map(({ tensors, latencyMs }) => ({ outputs: named(card, tensors), latencyMs }));
  if (type === 'json') {
    const numbers = results.flatMap(({ tensors }) => tensors.map(({ dims }) => elementCount(dims)));
    if (numbers.reduce((sum, count) => sum + count, 0) > MOST_NUMBERS) {
      throw notAcceptable(`These are over ${MOST_NUMBERS} numbers: accept ${mediaTypeOf('safetensors')}.`);
    }
    const bodies = items.map(({ outputs, latencyMs }) => ({
      outputs: plain(outputs),
      latency_ms: latencyMs,
    }));
    exchange.json({ model: card.name, ...(isList ? { items: bodies } : bodies[0]) });
    return;
  }
  exchange.send(packed(type, card, items, isList), mediaTypeOf(type));
}

function packed(
  type: TensorType,
  { name: model }: ModelCard,
  items: readonly { readonly outputs: Outputs }[],
  isList: boolean,
): Uint8Array {
  const [[, only] = []] = items[0]?.outputs ?? [];
  if (type === 'npy' && only) return writeNpy(only);
  const all = items.flatMap(({ outputs }, index) =>
    outputs.map(([name, tensor]) => [isList ? `${index}/${name}` : name, tensor] as const),
  );
  return writeSafeTensors(new Map(all), { model, ...(isList && { items: `${items.length}` }) });
}

function named({ outputs }: ModelCard, tensors: readonly Tensor[]): Outputs {
  return outputs.flatMap(({ name }, index) => {
    const tensor = tensors[index];
    return tensor ? [[name, tensor] as const] : [];
  });
}

function plain(outputs: Outputs): object {
  const tensors = outputs.map(([name, tensor]) => {
    const { dtype, dims } = tensor;
    return [name, { dtype, dims, data: toNumbers(tensor) }] as const;
  });
  return Object.fromEntries(tensors);
}
