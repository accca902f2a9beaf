import { holdersOf } from './estimate.ts';
import type { Explanation, LeftOut } from './explain.ts';
import { inMs, inRate, layers, megabytes } from './quantities.ts';

/** Nearer than this to one another, two predictions are the same to a person: within the error of measuring. */
const AS_GOOD = 0.05;
/** A smaller part of a rate does not show in the digits that are told. */
const LEAST_GAIN = 0.01;

/** The explanation in plain English, most important first. `nameOf` gives a device's name. */
export function sentences(explanation: Explanation, nameOf: (device: string) => string): string[] {
  return [
    whole(explanation),
    ...stream(explanation),
    againstAlone(explanation, nameOf),
    ...shares(explanation, nameOf),
    ...explanation.leftOut.map((out) => `${nameOf(out.device)} stays out. ${leftOutReason(out)}`),
  ];
}

/** Why one device holds nothing: "It would add 38 ms to an answer." */
export function leftOutReason(out: LeftOut): string {
  switch (out.why) {
    case 'slower':
      return out.addsMs < 0.05
        ? 'It would not make an answer any faster.'
        : `It would add ${inMs(out.addsMs)} to an answer.`;
    case 'fewer':
      if (out.perSecond > out.insteadOf * (1 + LEAST_GAIN)) {
        const gain = `${inRate(out.perSecond)} instead of ${inRate(out.insteadOf)}`;
        return `It would hardly bring more: ${gain}, and those that it takes would come late.`;
      }
      return out.perSecond > out.insteadOf * (1 - LEAST_GAIN)
        ? 'It would not bring more answers a second.'
        : `With it there would be ${inRate(out.perSecond)} instead of ${inRate(out.insteadOf)}.`;
    case 'pace':
      return `With it an answer would come every ${inMs(out.periodMs)} at best.`;
    case 'memory':
      return `It may use ${megabytes(out.hasBytes)}, and even the smallest layer needs ${megabytes(out.needsBytes)}.`;
    case 'no-layer-left':
      return 'There are more devices than layers, and the others are faster.';
    case 'no-place':
      return 'No way was found for it and the others to hold all layers together.';
  }
}

function whole({ latencyMs, hopsMs }: Explanation): string {
  const computing = inMs(latencyMs - hopsMs);
  return hopsMs > 0
    ? `An answer should take ${inMs(latencyMs)}: ${computing} of computing and ${inMs(hopsMs)} on the way between devices.`
    : `An answer should take ${inMs(latencyMs)}, all of it computing.`;
}

/** Where several devices work at once, a stream of questions gets more answers than one at a time does. */
function stream({ latencyMs, periodMs }: Explanation): string[] {
  if (periodMs === 0 || periodMs > latencyMs * (1 - AS_GOOD)) return [];
  return [`With many asked for at once there should be ${inRate(1000 / periodMs)}.`];
}

function againstAlone({ alone, latencyMs, stages }: Explanation, nameOf: (device: string) => string): string {
  if (!alone) return 'No device can hold the whole model alone.';
  const name = nameOf(alone.device);
  const [only, ...others] = stages.flatMap(holdersOf);
  if (others.length === 0 && only === alone.device) {
    return `${name} alone is the fastest single device.`;
  }
  const numbers = `${inMs(alone.latencyMs)} against ${inMs(latencyMs)}`;
  if (alone.latencyMs < latencyMs * (1 - AS_GOOD)) return `${name} alone would be faster: ${numbers}.`;
  if (alone.latencyMs > latencyMs * (1 + AS_GOOD)) return `${name} alone would be slower: ${numbers}.`;
  return `${name} alone would be about as fast: ${numbers}.`;
}

function shares({ stages }: Explanation, nameOf: (device: string) => string): string[] {
  return stages.map((stage) => {
    const { start, end, ms, share } = stage;
    const [name = '', ...others] = holdersOf(stage).map(nameOf);
    const part = `${Math.round(share * 100)}% of the computing: ${layers(start, end)} in ${inMs(ms)}`;
    return others.length > 0
      ? `${name} and ${others.join(', ')} take turns at ${part}.`
      : `${name} does ${part}.`;
  });
}
