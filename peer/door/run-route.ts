import { InputError } from '../../core/errors.ts';
import type { ModelCard } from '../../core/session/state.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';
import { badRequest } from './door-error.ts';
import { type Exchange, only } from './exchange.ts';
import { givenItem } from './given-item.ts';
import { typeOf } from './json-body.ts';
import { itemsOf, parseRun, type RunWish } from './parse-run.ts';
import type { DoorParts } from './routes.ts';
import { runAll } from './run-all.ts';
import { checkFits, sendAnswers } from './run-answer.ts';
import { answerType, bodyType, type TensorType } from './tensor-types.ts';
import { readNpy } from './tensors/npy.ts';
import { readSafeTensors, TensorFormatError } from './tensors/safetensors.ts';

/** Several pictures. JSON is read by the thread that heartbeats come from: 8 MB take it a third of a second. */
const MOST_BYTES: Readonly<Record<TensorType, number>> = {
  json: 8 * 1024 * 1024,
  safetensors: 64 * 1024 * 1024,
  npy: 64 * 1024 * 1024,
};

/** Runs the model on tensors. @throws DoorError, InputError, OverloadedError, RequestFailedError */
export async function answerRun(exchange: Exchange, { model, metrics }: DoorParts): Promise<void> {
  only(exchange, 'POST');
  const type = bodyType(typeOf(exchange));
  const into = answerType(exchange.request.headers.accept, type);
  const body = await exchange.body(MOST_BYTES[type]);
  const asked = new URL(exchange.request.url ?? '/', 'http://door').searchParams.get('model');
  const { card: known } = model.running(asked ?? model.card?.name ?? '');
  // Its bytes count until the answer: the tensors that they become take about as many.
  const wish = wishOf(type, body, known);
  const { asker, card } = model.running(wish.model ?? known.name);
  checkFits(into, card, wish.items.length);
  const items = wish.items.map((feeds, index) => checked(card, feeds, wish.isList ? index : null));
  const results = await runAll(asker, items, {
    signal: exchange.signal,
    param: 'inputs',
    read: (result) => result,
  });
  metrics.items.inc(results.length);
  sendAnswers(exchange, into, card, results, wish.isList);
}

function wishOf(type: TensorType, body: Uint8Array, card: ModelCard): RunWish {
  if (type === 'json') return parseRun(body, card.inputs);
  try {
    if (type === 'npy') return { model: null, items: [{ [onlyInput(card)]: readNpy(body) }], isList: false };
    const { tensors, metadata } = readSafeTensors(body);
    return { model: metadata.model ?? null, ...itemsOf(tensors, metadata) };
  } catch (error) {
    if (error instanceof TensorFormatError) throw badRequest(error.message, undefined, 'invalid_tensors');
    throw error;
  }
}

/** The name that one array without a name is for. @throws DoorError 400 */
function onlyInput({ inputs, states = [] }: ModelCard): string {
  const kept = new Set(states.map(({ input }) => input));
  const [first, ...more] = inputs.filter(({ name }) => !kept.has(name));
  if (first && more.length === 0) return first.name;
  throw badRequest(
    'The model has several inputs: send them as safetensors or JSON.',
    undefined,
    'invalid_tensors',
  );
}

function checked(card: ModelCard, feeds: RunWish['items'][number], index: number | null): readonly Tensor[] {
  try {
    return givenItem(card, feeds);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw badRequest(error.message, index === null ? 'inputs' : `items.${index}.inputs`);
  }
}
