import type { DeviceState, LogEntry, ModelState, PlanView, SessionState } from '../../core/session/state.ts';
import type * as api from '../../public/potluck.d.ts';

/**
 * What an embedding site sees of a room: what is documented, and no more, so that the page's own state may change. Plain
 * JSON without the link: that is told once, to whoever entered.
 */
export function viewState(state: SessionState): api.RoomState {
  const { phase, server, me, leader, mode, model, preparing } = state;
  return {
    phase: phase.kind,
    ended: phase.kind === 'ended' ? { reason: phase.reason, message: phase.message } : null,
    server,
    me,
    leader,
    mode,
    model: viewModel(model),
    preparing: viewProgress(preparing),
  };
}

export function viewDevice({ card, colour, link, load, loading }: DeviceState): api.Device {
  const { peer, name, form, platform, browser, status, refusal, profile } = card;
  return {
    id: peer,
    ...{ name, form, platform, browser, status, refusal, colour },
    link: link.kind,
    rttMs: link.rttMs,
    provider: profile?.provider ?? null,
    threads: profile?.threads ?? null,
    memoryBytes: profile?.memoryBytes ?? null,
    busy: load.busy,
    msPerItem: load.msPerItem,
    loading: viewProgress(loading ?? card.progress),
  };
}

export function viewPlan(plan: PlanView | null): api.Plan | null {
  if (!plan) return null;
  const { status, blocks, stages, predictedLatencyMs, predictedPeriodMs, leftOut } = plan;
  return {
    status,
    layers: blocks,
    stages: stages.map(({ peer, copies = [], start, end }) => {
      return { devices: [peer, ...copies.map((copy) => copy.peer)], start, end };
    }),
    predictedLatencyMs,
    predictedPeriodMs,
    leftOut: leftOut.map(({ peer, reason }) => ({ device: peer, reason })),
  };
}

export function viewLine({ id, at, what, more, tone }: LogEntry): api.LogLine {
  return { id, at, text: [what, more].filter(Boolean).join(' '), tone };
}

function viewModel(model: ModelState): api.ModelState {
  if (model.kind === 'opening') return { ...model, progress: strip(model.progress) };
  if (model.kind !== 'ready') return model;
  const { name, about, bytes, blocks, inputs, outputs, task, language } = model.card;
  const plain = inputs.map(({ name, dtype, dims }) => ({ name, dtype, dims }));
  return {
    kind: 'ready',
    ...{ name, about, bytes, layers: blocks, inputs: plain },
    outputs: outputs.map(({ name, dtype, dims }) => ({ name, dtype, dims })),
    task: task.kind,
    writes: language !== undefined,
  };
}

function viewProgress(progress: api.Progress | null): api.Progress | null {
  return progress && strip(progress);
}

function strip({ step, fraction }: api.Progress): api.Progress {
  return { step, fraction };
}
