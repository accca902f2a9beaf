import type { PeerId } from '../../core/ids.ts';
import type { PlanView, WhatIf } from '../../core/session/state.ts';
import { type Aim, aimOf } from './aim.ts';
import { percent } from './format.ts';

/** Nearer than this to 1, a factor is no difference to anybody. */
const SAME = 0.02;

export interface WhatIfWords {
  /** A sentence for each difference, the largest first. */
  readonly told: readonly string[];
  /** Those that would change nothing, together; null for none. */
  readonly same: string | null;
}

/** What the room would be like with a device less, or with one more like it. */
export function whatIfWords(plan: PlanView, nameOf: (peer: PeerId) => string): WhatIfWords {
  const aim = aimOf(plan.mode);
  const all = (plan.whatIf ?? []).toSorted((a, b) => size(b) - size(a));
  const idle = all.filter((what) => size(what) <= SAME);
  const names = (kind: WhatIf['kind']): string =>
    idle.flatMap((what) => (what.kind === kind ? [nameOf(what.peer)] : [])).join(', ');
  const [without, another] = [names('without'), names('another')];
  const parts = [without && `without ${without}`, another && `with one more like ${another}`].filter(Boolean);
  return {
    told: all.flatMap((what) => (size(what) > SAME ? [sentence(what, aim, nameOf(what.peer))] : [])),
    same: parts.length > 0 ? `No difference: ${parts.join('; ')}.` : null,
  };
}

/** The best two for the first look: what the room owes most, and what would bring most. */
export function mostTelling(plan: PlanView, nameOf: (peer: PeerId) => string): readonly string[] {
  const of = (kind: WhatIf['kind']): WhatIf[] => (plan.whatIf ?? []).filter((what) => what.kind === kind);
  return [of('without'), of('another')].flatMap((whatIf) =>
    whatIfWords({ ...plan, whatIf }, nameOf).told.slice(0, 1),
  );
}

function size({ factor }: WhatIf): number {
  return factor === null ? Number.POSITIVE_INFINITY : Math.abs(Math.log(factor));
}

function sentence({ kind, factor }: WhatIf, aim: Aim, name: string): string {
  if (kind === 'another') return `With a second device like ${name} ${change(factor ?? 1, aim)}.`;
  if (factor === null || !Number.isFinite(factor)) return `Without ${name} no plan would do.`;
  return `Without ${name} ${change(factor, aim)}.`;
}

/** "an answer would take 1.7 times as long", "there would be 12% more answers a second". */
function change(factor: number, aim: Aim): string {
  if (aim === 'period') {
    const more = 1 / factor;
    if (more >= 1.5) return `there would be ${times(more)} as many answers a second`;
    return more > 1
      ? `there would be ${percent(more - 1)} more answers a second`
      : `there would be ${percent(1 - more)} fewer answers a second`;
  }
  if (factor >= 1.5) return `an answer would take ${times(factor)} as long`;
  return factor > 1
    ? `an answer would take ${percent(factor - 1)} longer`
    : `an answer would take ${percent(1 - factor)} less time`;
}

function times(factor: number): string {
  return `${factor.toFixed(factor < 9.95 ? 1 : 0)} times`;
}
