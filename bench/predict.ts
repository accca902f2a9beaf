import { basename, join } from 'node:path';
import { messageOf } from '../core/errors.ts';
import type { PeerId } from '../core/ids.ts';
import type { PlanView } from '../core/session/state.ts';
import { requireQuotas } from '../e2e/lab/cpu-quota.ts';
import { feedsFor } from '../e2e/lab/input.ts';
import { labModel } from '../e2e/lab/model-files.ts';
import { openModel, setFeeds, timeOnce } from '../e2e/lab/room-model.ts';
import { haveShared, SHARED } from '../e2e/repository.ts';
import { stateOf } from '../e2e/session-page.ts';
import { type LabRoom, withLabRoom } from './lab-room.ts';
import { errorsOf, type MissingPlan, type PredictedPlan, predictionTable } from './prediction.ts';
import { steadyRate } from './rates.ts';
import type { Outcome, Section } from './section.ts';
import { type Choice, choosePlan, stagesInWords } from './settled-plan.ts';
import { quantile } from './statistics.ts';
import { setInputs, stream } from './stream.ts';

/** Plain chains and branches, small and large crossings, 0.03 to 14 MB. */
const MODELS = [
  'mobilenetv2-fp32.onnx',
  'squeezenet1.0.onnx',
  'resnet56-cifar10.onnx',
  'ultraface-rfb-320.onnx',
  'yolox_nano.onnx',
  'mnist-8.onnx',
];
/** Of one core; together less than two, so that each gets its share on a machine with two. */
const CPU = [100, 50, 25];
/** A good Wi-Fi. */
const SHAPE = { delayMs: 5, mbitPerSec: 100 };

/** Items that pass on each device alone before the first prediction is read: a browser compiles what is used often. */
const LEARNING = 20;
/** Then the room rests: devices measure once more what they measured while they compiled, and links are timed. */
const REST_MS = 60_000;
/** A plan that the room leaves while it is measured is not the one that was measured. */
const TRIES = 3;
const WARM_UP = 3;
const SINGLE = 15;
const STEADY = 30;
/** A full room needs somewhat more under way than the predicted latency holds periods. */
const MOST_IN_FLIGHT = 16;

/** Five plans that people can ask for, by what they would choose in the page. */
function choices([leader, second]: readonly PeerId[]): readonly (Choice & { readonly name: string })[] {
  const lists = { in: second === undefined ? [] : [second], out: leader === undefined ? [] : [leader] };
  return [
    { name: 'fastest', mode: 'fastest' },
    { name: 'most', mode: 'most' },
    { name: 'everyone', mode: 'everyone' },
    { name: 'fastest, second pinned in', mode: 'fastest', rules: { pinnedIn: lists.in } },
    { name: 'most, leader pinned out', mode: 'most', rules: { pinnedOut: lists.out } },
  ];
}

/** Predicted over measured latency and throughput, with real throttling. */
export const predict: Section = async ({ models }) => {
  const chosen =
    models ?? (haveShared('predictions') ? MODELS.map((name) => join(SHARED, 'models', name)) : []);
  requireQuotas();
  const plans: PredictedPlan[] = [];
  const missing: MissingPlan[] = [];
  for (const model of chosen) {
    // A fresh room for each, so that one that breaks takes no other along.
    try {
      await withLabRoom({ devices: CPU.length, cpu: CPU, shape: SHAPE }, (room) =>
        measureModel(room, model, plans, missing),
      );
    } catch (error) {
      missing.push({ model: basename(model), choice: 'all that follow', why: messageOf(error) });
    }
  }
  return outcomeOf(plans, missing);
};

async function measureModel(
  room: LabRoom,
  path: string,
  plans: PredictedPlan[],
  missing: MissingPlan[],
): Promise<void> {
  const { page } = room.leader;
  const model = await labModel(path);
  const state = await openModel(page, { model }, 'fastest');
  if (state.model.kind !== 'ready') throw new Error('The model is gone.');
  const feeds = feedsFor(state.model.card, 0);
  await setFeeds(page, feeds);
  await setInputs(page, [feeds]);
  // Every device works for a while first, as in any room for which somebody chooses a plan.
  for (const peer of room.peers) {
    await choosePlan(page, {
      mode: 'fastest',
      rules: { pinnedOut: room.peers.filter((other) => other !== peer) },
    });
    await stream(page, { inFlight: 2, items: LEARNING });
  }
  await choosePlan(page, { mode: 'everyone' });
  await stream(page, { inFlight: 2, items: LEARNING });
  await new Promise((resolve) => setTimeout(resolve, REST_MS));
  for (const { name: choice, ...wish } of choices(room.peers)) {
    try {
      const measured = await measureChoice(room, wish);
      plans.push({ model: model.name, choice, ...measured });
      const ratios = [measured.latencyMs, measured.perSecond].map(
        ({ predicted, measured }) => predicted / measured,
      );
      console.error(
        `${model.name}, ${choice}: predicted over measured ${ratios.map((r) => r.toFixed(2)).join(' and ')}`,
      );
    } catch (error) {
      missing.push({ model: model.name, choice, why: messageOf(error) });
    }
  }
}

type Measured = Omit<PredictedPlan, 'model' | 'choice'>;

async function measureChoice(room: LabRoom, wish: Choice): Promise<Measured> {
  const { page } = room.leader;
  for (let left = TRIES; left > 0; left--) {
    // What the page shows once the plan is ready, before anything was asked of this plan.
    const plan = await choosePlan(page, wish);
    const measured = await measurePlan(room, plan);
    if ((await stateOf(page))?.plan?.epoch === plan.epoch) return measured;
  }
  throw new Error(`The room left each of ${TRIES} plans while it was measured.`);
}

async function measurePlan(room: LabRoom, plan: PlanView): Promise<Measured> {
  const { page } = room.leader;
  const latencies: number[] = [];
  const computing: number[][] = plan.stages.map(() => []);
  for (let i = 0; i < WARM_UP + SINGLE; i++) {
    const { latencyMs, stages } = await timeOnce(page);
    if (i < WARM_UP) continue;
    latencies.push(latencyMs);
    for (const { stage, computeMs } of stages) computing[stage]?.push(computeMs);
  }
  const inFlight = Math.min(
    MOST_IN_FLIGHT,
    Math.ceil((1.5 * plan.predictedLatencyMs) / plan.predictedPeriodMs) + 2,
  );
  const { items, failures } = await stream(page, { inFlight, items: STEADY + 2 * inFlight });
  if (failures[0] !== undefined) throw new Error(failures[0]);
  const share = (peer: PeerId): string => `${CPU[room.peers.indexOf(peer)]}%`;
  return {
    stages: stagesInWords(plan, share),
    latencyMs: { predicted: plan.predictedLatencyMs, measured: quantile(latencies, 0.5) },
    perSecond: { predicted: 1000 / plan.predictedPeriodMs, measured: steadyRate(items, inFlight) },
    stageMs: plan.stages.flatMap(({ predictedMs, copies }, stage) => {
      const times = computing[stage] ?? [];
      // Where devices take turns, one time is none of any.
      return times.length === 0 || copies ? [] : [{ predicted: predictedMs, measured: quantile(times, 0.5) }];
    }),
  };
}

function outcomeOf(plans: readonly PredictedPlan[], missing: readonly MissingPlan[]): Outcome {
  const errors = errorsOf(plans.flatMap(({ latencyMs, perSecond }) => [latencyMs, perSecond]));
  const text = [
    `Predicted over measured: browsers at ${CPU.join(', ')} % of a core, links of ${SHAPE.delayMs} ms and ` +
      `${SHAPE.mbitPerSec} Mbit/s each way`,
    predictionTable(plans, missing),
  ].join('\n');
  return { text, good: errors.good && missing.length === 0, data: { plans, missing, errors } };
}
