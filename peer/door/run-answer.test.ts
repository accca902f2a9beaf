import { expect, test, vi } from 'vitest';
import type { AskResult } from '../../core/runtime/asker.ts';
import type { ModelCard } from '../../core/session/state.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';
import type { Exchange } from './exchange.ts';
import { checkFits, sendAnswers } from './run-answer.ts';

const output = (name: string) => ({ name, dtype: 'uint8', dims: null }) as const;
const card = (...names: readonly string[]): ModelCard =>
  ({ name: 'm', outputs: names.map(output) }) as unknown as ModelCard;
const result = (size: number): AskResult => {
  const tensors: Tensor[] = [{ dtype: 'uint8', dims: [size], data: new Uint8Array(size) }];
  return { tensors, latencyMs: 1 } as unknown as AskResult;
};

test('more numbers than JSON is for are to be asked for in another form', () => {
  const exchange = { json: vi.fn(), send: vi.fn() };
  const send = (type: 'json' | 'safetensors', ...sizes: readonly number[]): void =>
    sendAnswers(exchange as unknown as Exchange, type, card('a'), sizes.map(result), true);
  expect(() => send('json', 1_000_000, 1_000_001)).toThrow(expect.objectContaining({ status: 406 }));
  expect(exchange.json).not.toHaveBeenCalled();
  send('safetensors', 1_000_000, 1_000_001);
  expect(exchange.send).toHaveBeenCalledTimes(1);
  send('json', 2);
  expect(exchange.json).toHaveBeenCalledTimes(1);
});

test('one file of NumPy is for one output of one item', () => {
  expect(() => checkFits('npy', card('a'), 1)).not.toThrow();
  expect(() => checkFits('npy', card('a', 'b'), 1)).toThrow(expect.objectContaining({ status: 406 }));
  expect(() => checkFits('npy', card('a'), 2)).toThrow(expect.objectContaining({ status: 406 }));
  expect(() => checkFits('json', card('a', 'b'), 2)).not.toThrow();
});
