import type { OrderTask } from './work-order.ts';

/**
 * Each node just after what it needs, the longest chain first: short side chains are computed right before they are
 * used (after Sethi and Ullman, 1970, with depth for the number of registers). O(nodes + edges, sorted).
 */
export function depthFirst(task: OrderTask): number[] {
  const depths = new Map<number, number>();
  const needs = new Map<number, number[]>();
  // File order is topological, so whatever a node needs has its depth already.
  for (const node of task.nodes) {
    const makers = [...new Set(task.readsOf(node).flatMap((name) => task.makerOf(name) ?? []))];
    const deepest = makers.reduce((depth, maker) => Math.max(depth, depths.get(maker) ?? 0), 0);
    depths.set(node, deepest + 1);
    needs.set(
      node,
      // The last of a stack is taken first.
      makers.sort((a, b) => (depths.get(a) ?? 0) - (depths.get(b) ?? 0) || b - a),
    );
  }
  const order: number[] = [];
  const state = new Map<number, 'open' | 'done'>();
  const visit = (root: number): void => {
    const stack = [root];
    for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
      if (!state.has(node)) {
        state.set(node, 'open');
        for (const need of needs.get(node) ?? []) if (!state.has(need)) stack.push(need);
        continue;
      }
      stack.pop();
      if (state.get(node) === 'open') order.push(node);
      state.set(node, 'done');
    }
  };
  const roots = task.outputs.flatMap((name) => task.makerOf(name) ?? []);
  for (const root of roots.sort((a, b) => a - b)) visit(root);
  for (const node of task.nodes) visit(node);
  return order;
}
