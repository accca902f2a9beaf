import type { ModelCard } from '../../core/session/state.ts';
import { DoorError } from './door-error.ts';
import { type Exchange, only } from './exchange.ts';
import type { DoorParts } from './routes.ts';

/** The room's one model, or none. */
export function answerModels(exchange: Exchange, { model }: DoorParts): void {
  only(exchange, 'GET');
  exchange.json({ object: 'list', data: model.card ? [entryOf(model.card)] : [] });
}

/** @throws DoorError 404 */
export function answerModel(exchange: Exchange, { model }: DoorParts, id: string): void {
  only(exchange, 'GET');
  const { card } = model;
  if (!card || decoded(id) !== card.name) {
    throw new DoorError(404, 'model_not_found', 'The room does not have this model.', { param: 'model' });
  }
  exchange.json(entryOf(card));
}

/** As OpenAI's API has it, and what /v1/run takes and gives. */
function entryOf({ name, inputs, outputs, states = [], language }: ModelCard): object {
  const kept = new Set(states.map(({ input }) => input));
  return {
    id: name,
    object: 'model',
    // When it was made is not known, and clients want a number.
    created: 0,
    owned_by: 'potluck',
    context_length: language?.contextTokens ?? null,
    inputs: inputs.map((input) => ({ ...input, optional: kept.has(input.name) })),
    outputs,
  };
}

function decoded(id: string): string | null {
  try {
    return decodeURIComponent(id);
  } catch {
    return null;
  }
}
