import { DoorError } from './door-error.ts';
import type { DoorMetrics } from './door-metrics.ts';
import { answerEmbeddings } from './embeddings-route.ts';
import { type Exchange, only } from './exchange.ts';
import { answerModel, answerModels } from './models-route.ts';
import { parseChat, parseCompletion } from './parse-text.ts';
import type { RoomModel } from './room-model.ts';
import { answerRun } from './run-route.ts';
import { chatForm, completionForm } from './text-forms.ts';
import { answerText } from './text-route.ts';

/** What every answer is made from. */
export interface DoorParts {
  readonly model: RoomModel;
  readonly metrics: DoorMetrics;
  /** Told of what goes wrong once an answer has begun. */
  readonly report: (error: unknown) => void;
}

export interface Route {
  /** No key is asked for. */
  readonly isOpen?: true;
  /** It counts among the requests under way. */
  readonly isWork?: true;
  /** @throws what is wrong, as long as no answer has begun */
  answer(exchange: Exchange, parts: DoorParts): void | Promise<void>;
}

const CHAT = { parse: parseChat, form: chatForm };
const COMPLETION = { parse: parseCompletion, form: completionForm };
const MODEL = /^\/v1\/models\/([^/]+)$/;

const ROUTES: Readonly<Record<string, Route>> = {
  '/healthz': { isOpen: true, answer: answerHealth },
  '/metrics': { answer: answerMetrics },
  '/v1/models': { answer: answerModels },
  '/v1/chat/completions': { isWork: true, answer: (exchange, parts) => answerText(exchange, CHAT, parts) },
  '/v1/completions': { isWork: true, answer: (exchange, parts) => answerText(exchange, COMPLETION, parts) },
  '/v1/embeddings': { isWork: true, answer: answerEmbeddings },
  '/v1/run': { isWork: true, answer: answerRun },
};

/** What answers at an address, and its name among few, for the metrics. */
export function routeOf(address: string): { readonly name: string; readonly route: Route } {
  const [path = ''] = address.split('?');
  const route = Object.hasOwn(ROUTES, path) ? ROUTES[path] : undefined;
  if (route) return { name: path, route };
  const [, id] = MODEL.exec(path) ?? [];
  if (id === undefined) return { name: 'other', route: NOWHERE };
  return {
    name: '/v1/models/{id}',
    route: { answer: (exchange, parts) => answerModel(exchange, parts, id) },
  };
}

const NOWHERE: Route = {
  answer: () => {
    throw new DoorError(404, 'not_found', 'There is nothing at this address.');
  },
};

/** 200 as long as this peer is in a room, or on its way into one; whether answers come is said beside it. */
function answerHealth(exchange: Exchange, { model }: DoorParts): void {
  only(exchange, 'GET', 'HEAD');
  exchange.json({ status: 'ok', in_room: model.room !== null, model_running: model.isRunning });
}

async function answerMetrics(exchange: Exchange, { metrics }: DoorParts): Promise<void> {
  only(exchange, 'GET');
  const text = await metrics.text();
  exchange.send(Buffer.from(text), metrics.registry.contentType);
}
