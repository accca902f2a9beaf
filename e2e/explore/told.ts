import type { Device } from './world.ts';

/** How everybody sees the room, for the message of a schedule that fails. */
export function told(devices: readonly Device[]): string {
  const views = devices.map(({ peer, alive, leader, state, member, network, executors }) => {
    const { phase, model, plan, preparing, notices } = state();
    const kept = executors.reduce((sum, executor) => sum + executor.kept.size, 0);
    return {
      peer: peer.slice(0, 1),
      alive,
      leads: leader !== undefined,
      leader: state().leader?.slice(0, 1),
      phase: phase.kind,
      model: model.kind,
      plan: plan && [plan.epoch, plan.status, plan.stages.map((stage) => stage.peer.slice(0, 1)).join('')],
      runs: member.asker.plan?.epoch,
      linked: network
        .peers()
        .map((other) => other.slice(0, 1))
        .join(''),
      open: [member.asker.open, member.host.queue, member.host.sequences, kept],
      preparing: preparing?.step,
      notices: notices.map(({ message }) => message),
    };
  });
  return JSON.stringify(views);
}
