import { join } from 'node:path';
import { feedsFor } from '../e2e/lab/input.ts';
import { labModel } from '../e2e/lab/model-files.ts';
import { openModel } from '../e2e/lab/room-model.ts';
import { ROOT } from '../e2e/repository.ts';
import { nodeMsFor } from './emulated-model.ts';
import { withLabRoom } from './lab-room.ts';
import { faultsOf, wholeRate } from './rates.ts';
import type { Section } from './section.ts';
import { choosePlan, stagesInWords } from './settled-plan.ts';
import { setInputs, stream } from './stream.ts';

const DEVICES = 3;
/** Emulated, of one digit on one device: three cores that nobody has here, and far above what digits take for real. */
const ITEM_MS = 60;
const ITEMS = 200;
const SOLO_ITEMS = 60;
const IN_FLIGHT = 12;
const SOLO_IN_FLIGHT = 4;
const DIFFERENT_INPUTS = 8;
const LEAST_SHARE = 0.85;

/** A stream of digits on three equal devices against the sum of what each does alone. */
export const replicas: Section = async () => {
  const model = await labModel(join(ROOT, 'public/models/digits.onnx'));
  const emulation = { nodeMs: await nodeMsFor(model.path, ITEM_MS) };
  return withLabRoom({ devices: DEVICES, emulation }, async (room) => {
    const { page } = room.leader;
    const state = await openModel(page, { model }, 'fastest');
    if (state.model.kind !== 'ready') throw new Error('The model is gone.');
    const { card } = state.model;
    await setInputs(
      page,
      Array.from({ length: DIFFERENT_INPUTS }, (_, seed) => feedsFor(card, seed)),
    );
    const solo: number[] = [];
    for (const peer of room.peers) {
      await choosePlan(page, {
        mode: 'most',
        rules: { pinnedOut: room.peers.filter((other) => other !== peer) },
      });
      const { items } = await stream(page, { inFlight: SOLO_IN_FLIGHT, items: SOLO_ITEMS });
      solo.push(wholeRate(items));
      console.error(`replicas: ${solo.length} of ${DEVICES} devices alone`);
    }
    const plan = await choosePlan(page, { mode: 'most' });
    const streamed = await stream(page, { inFlight: IN_FLIGHT, items: ITEMS });
    const together = wholeRate(streamed.items);
    const faults = faultsOf(streamed, ITEMS);
    const sum = solo.reduce((total, rate) => total + rate, 0);
    const good = together / sum >= LEAST_SHARE && faults.length === 0;
    const name = (peer: (typeof room.peers)[number]): string => `device ${room.peers.indexOf(peer)}`;
    const text = [
      `A stream of ${ITEMS} digits on ${DEVICES} equal devices (computing time emulated: ${ITEM_MS} ms a digit)`,
      `plan    ${stagesInWords(plan, name)}; predicted ${(1000 / plan.predictedPeriodMs).toFixed(2)} a second`,
      `alone   ${solo.map((rate) => rate.toFixed(2)).join(' + ')} = ${sum.toFixed(2)} a second`,
      `rate    ${together.toFixed(2)} a second, ${(together / sum).toFixed(3)} of the sum (>= ${LEAST_SHARE})  ` +
        `${good ? 'good' : 'poor'}`,
      ...faults.map((fault) => `FAULT   ${fault}`),
    ].join('\n');
    return { text, good, data: { itemMs: ITEM_MS, solo, together, plan, faults } };
  });
};
