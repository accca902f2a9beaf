import { join } from 'node:path';
import type { PeerId } from '../core/ids.ts';
import { feedsFor } from '../e2e/lab/input.ts';
import { setEmulation } from '../e2e/lab/lab-device.ts';
import { type LabModel, labModel } from '../e2e/lab/model-files.ts';
import { openModel } from '../e2e/lab/room-model.ts';
import { haveShared, ROOT, SHARED } from '../e2e/repository.ts';
import { stateOf } from '../e2e/session-page.ts';
import { nodeMsFor } from './emulated-model.ts';
import { type LabRoom, withLabRoom } from './lab-room.ts';
import { answersUntil, faultsOf, rateBetween, steadyRate } from './rates.ts';
import type { Outcome, Section } from './section.ts';
import { choosePlan, holdersOf, stagesInWords } from './settled-plan.ts';
import { answered, beginStream, endStream, type Streamed, setInputs, stream } from './stream.ts';

const DEVICES = 3;
const SHAPE = { delayMs: 5, mbitPerSec: 200 };
/** Emulated, of one item on one device: far above what two cores take for three of them. */
const ITEM_MS = 300;
const IN_FLIGHT = 8;
const DIFFERENT_INPUTS = 4;

const ITEMS = 200;
/** After this many answers a device gets slower by so much. */
const SLOW_AFTER = 60;
const SLOWER = 5;
const SHARE_OF_OPTIMUM = 0.9;
const MOST_ANSWERS = 15;
const FRESH_ITEMS = 60;

const JITTER = 0.2;
const JITTER_MS = 180_000;

/** Does the room follow a device that slows down, and does it stay calm while times only waver? */
export const follow: Section = async ({ models }) => {
  const shared = haveShared('following a slow device, on resnet56: the bundled digits take its place');
  const path =
    models?.[0] ??
    (shared ? join(SHARED, 'models/resnet56-cifar10.onnx') : join(ROOT, 'public/models/digits.onnx'));
  const model = await labModel(path);
  const emulation = { nodeMs: await nodeMsFor(path, ITEM_MS) };
  return withLabRoom({ devices: DEVICES, shape: SHAPE, emulation }, async (room) => {
    await openFresh(room, model);
    await choosePlan(room.leader.page, { mode: 'most' });
    const calm = await stayCalm(room);
    const slowed = await slowDown(room, model);
    return {
      text: [
        `Three equal devices, links of ${SHAPE.delayMs} ms and ${SHAPE.mbitPerSec} Mbit/s each way ` +
          `(${model.name}, computing time emulated: ${ITEM_MS} ms an item)`,
        calm.text,
        slowed.text,
      ].join('\n'),
      good: calm.good && slowed.good,
      data: { calm: calm.data, slowed: slowed.data },
    };
  });
};

/** Opens the model, which measures it anew. */
async function openFresh({ leader }: LabRoom, model: LabModel): Promise<void> {
  const state = await openModel(leader.page, { model }, 'most');
  if (state.model.kind !== 'ready') throw new Error('The model is gone.');
  const { card } = state.model;
  const inputs = Array.from({ length: DIFFERENT_INPUTS }, (_, seed) => feedsFor(card, seed));
  await setInputs(leader.page, inputs);
}

async function stayCalm(room: LabRoom): Promise<Outcome> {
  for (const device of room.devices) await setEmulation(device, { jitter: JITTER });
  const streamed = await stream(room.leader.page, { inFlight: IN_FLIGHT, forMs: JITTER_MS });
  for (const device of room.devices) await setEmulation(device, { jitter: 0 });
  const { items, plans } = streamed;
  const faults = faultsOf(streamed, items.length);
  const good = plans.length === 1 && faults.length === 0;
  const text = [
    `calm    ${JITTER_MS / 60_000} minutes with ${100 * JITTER} % jitter: ${items.length} answers, ` +
      `${plans.length - 1} changes of plan (0)  ${good ? 'good' : 'poor'}`,
    ...changesInWords(room, streamed),
    ...faults.map((fault) => `FAULT   ${fault}`),
  ].join('\n');
  return { text, good, data: { answers: items.length, plans, faults } };
}

async function slowDown(room: LabRoom, model: LabModel): Promise<Outcome> {
  const { page } = room.leader;
  await beginStream(page, { inFlight: IN_FLIGHT, items: ITEMS });
  await answered(page, SLOW_AFTER);
  const slow = await holderToSlow(room);
  await setEmulation(room.deviceOf(slow), { factor: SLOWER });
  const streamed = await endStream(page);
  const { items } = streamed;

  // The room as it is now, measured and planned from the beginning.
  await openFresh(room, model);
  const plan = await choosePlan(page, { mode: 'most' });
  const fresh = await stream(page, { inFlight: IN_FLIGHT, items: FRESH_ITEMS + 2 * IN_FLIGHT });
  const anew = steadyRate(fresh.items, IN_FLIGHT);
  const atEnd = rateBetween(items, ITEMS - 1 - 2 * MOST_ANSWERS, ITEMS - 1 - IN_FLIGHT);
  // Whichever is better: a fresh plan may have come of an unlucky measurement.
  const optimum = Math.max(anew, atEnd);
  const before = rateBetween(items, IN_FLIGHT, SLOW_AFTER - 1);
  const after = answersUntil(items, SLOW_AFTER, SHARE_OF_OPTIMUM * optimum);
  const faults = faultsOf(streamed, ITEMS);
  const good = after !== null && after <= MOST_ANSWERS && faults.length === 0;
  const text = [
    `slowed  ${nameIn(room)(slow)} is ${SLOWER} times slower after ${SLOW_AFTER} of ${ITEMS} answers: ` +
      `${before.toFixed(2)} a second before, ${atEnd.toFixed(2)} at the end; ` +
      `${anew.toFixed(2)} under a fresh plan (${stagesInWords(plan, nameIn(room))})`,
    `back    at ${100 * SHARE_OF_OPTIMUM} % of the better after ${after ?? 'more than all'} answers (<= ${MOST_ANSWERS}); ` +
      `${items.length} of ${ITEMS} answered  ${good ? 'good' : 'poor'}`,
    ...changesInWords(room, streamed),
    ...faults.map((fault) => `FAULT   ${fault}`),
  ].join('\n');
  return { text, good, data: { ...streamed, slow, before, atEnd, anew, after, plan, faults } };
}

/** A device that computes; not the leader, if there is another. */
async function holderToSlow({ leader, peers }: LabRoom): Promise<PeerId> {
  const state = await stateOf(leader.page);
  const holders = state?.plan ? holdersOf(state.plan) : [];
  const slow = holders.find((peer) => peer !== peers[0]) ?? holders[0];
  if (slow === undefined) throw new Error('Nobody holds anything.');
  return slow;
}

function changesInWords(room: LabRoom, { plans }: Streamed): string[] {
  return plans.map(
    ({ at, plan }) =>
      `        at ${(at / 1000).toFixed(1)} s plan ${plan.epoch}: ${stagesInWords(plan, nameIn(room))}` +
      `${plan.because === undefined ? '' : ` (${plan.because})`}`,
  );
}

function nameIn({ peers }: LabRoom): (peer: PeerId) => string {
  return (peer) => `device ${peers.indexOf(peer)}`;
}
