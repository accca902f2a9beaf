import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { holdersOf } from '../../core/session/holders.ts';
import type { RoomModel } from './room-model.ts';

/** Seconds: from a small network's answer to a long text. */
const SECONDS = [0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300];

/** What the door counts, in the form that Prometheus reads. Names and numbers only: no prompt, no key, no address. */
export class DoorMetrics {
  readonly registry: Registry = new Registry();
  readonly requests: Counter<'route' | 'status'>;
  readonly seconds: Histogram<'route'>;
  readonly firstToken: Histogram;
  readonly promptTokens: Counter;
  readonly completionTokens: Counter;
  readonly items: Counter;
  readonly waiting: Gauge;

  constructor(model: RoomModel, underWay: () => number) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    const counter = (name: string, help: string): Counter => new Counter({ name, help, registers });
    const gauge = (name: string, help: string, read: () => number | Promise<number>): Gauge =>
      new Gauge({
        name,
        help,
        registers,
        async collect() {
          this.set(await read());
        },
      });
    this.requests = new Counter({
      name: 'potluck_http_requests_total',
      help: 'Requests by route and status; 499 where the caller went before an answer.',
      labelNames: ['route', 'status'],
      registers,
    });
    this.seconds = new Histogram({
      name: 'potluck_http_request_seconds',
      help: 'Time from a request to the end of its answer.',
      labelNames: ['route'],
      buckets: SECONDS,
      registers,
    });
    this.firstToken = new Histogram({
      name: 'potluck_first_token_seconds',
      help: 'Time from a request for a text to its first token, the wait in line included.',
      buckets: SECONDS,
      registers,
    });
    this.promptTokens = counter('potluck_prompt_tokens_total', 'Tokens of prompts.');
    this.completionTokens = counter('potluck_completion_tokens_total', 'Tokens written.');
    this.items = counter('potluck_items_total', 'Items run by /v1/run and /v1/embeddings.');
    this.waiting = new Gauge({
      name: 'potluck_texts_waiting',
      help: 'Texts of this door that wait for their turn in the room.',
      registers,
    });
    gauge('potluck_requests_under_way', 'Requests that this door is answering.', underWay);
    gauge('potluck_texts_kept', 'Texts of this door whose past the devices keep.', () => model.texts);
    gauge('potluck_runs_open', 'Runs of the model that this peer waits for.', () => {
      return model.room?.member.asker.open ?? 0;
    });
    gauge(
      'potluck_devices',
      'Devices in the room, this one too.',
      () => model.room?.state.devices.length ?? 0,
    );
    gauge('potluck_stages_here', 'Stages of the running plan that this peer holds.', () => stagesHere(model));
    gauge('potluck_model_running', '1 while the model runs.', () => (model.isRunning ? 1 : 0));
  }

  async text(): Promise<string> {
    return this.registry.metrics();
  }
}

function stagesHere({ room }: RoomModel): number {
  if (!room) return 0;
  const { state, member } = room;
  const stages = member.asker.plan?.stages ?? [];
  return stages.filter((stage) => holdersOf(stage).some(({ peer }) => peer === state.me)).length;
}
