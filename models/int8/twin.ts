import { ModelFormatError } from '../../core/errors.ts';
import { MODEL } from '../../core/graph/onnx-model.ts';
import { fieldsOf, textOf } from '../../core/graph/protobuf.ts';
import { bytesField, concat, varintField } from '../../core/graph/protobuf-writer.ts';
import { quantizeGraph } from './quantize-graph.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** A model whose products with a weight are in int8. */
export interface Twin {
  /** ModelProto. */
  readonly model: Bytes;
  /** How many products became int8. */
  readonly products: number;
}

/** The first operator set with DynamicQuantizeLinear. */
const LEAST_OPSET = 11;

/** OperatorSetIdProto's field numbers (onnx.proto3). */
const OPSET = { domain: 1, version: 2 } as const;

/**
 * Makes the int8 twin of a model, as ONNX Runtime's quantize_dynamic makes it: values are rounded while it runs, weights
 * here, each by one scale. A model without such products comes back as it is, and so do its functions and bodies.
 * Throws ModelFormatError when the model cannot be read, or keeps weights of products in another file.
 */
export function twinOf(model: Bytes): Twin {
  const fields = [...fieldsOf(model)];
  const [field, ...more] = fields.filter(({ number }) => number === MODEL.graph);
  if (!field) throw refused('This file is not an ONNX model: it holds no graph.', 'a graph', 'none');
  if (more.length > 0) throw refused('This file is not an ONNX model.', 'one graph', `${more.length + 1}`);
  const { graph, products } = quantizeGraph(field.body);
  if (products === 0) return { model, products };
  const parts = fields.map(({ number, body, raw }) => {
    if (number === MODEL.graph) return bytesField(number, graph);
    return number === MODEL.opsetImport ? bytesField(number, raised(body)) : raw;
  });
  return { model: concat(parts), products };
}

/** The bytes of the twin alone; see {@link twinOf}. */
export function int8Twin(model: Bytes): Bytes {
  return twinOf(model).model;
}

/** An OperatorSetIdProto that knows DynamicQuantizeLinear, if it is ONNX's own. */
function raised(opset: Bytes): Bytes {
  const fields = [...fieldsOf(opset)];
  const domain = fields.find(({ number }) => number === OPSET.domain);
  if (domain && !['', 'ai.onnx'].includes(textOf(domain.body))) return opset;
  return concat(
    fields.map(({ number, value, raw }) =>
      number === OPSET.version ? varintField(number, Math.max(value, LEAST_OPSET)) : raw,
    ),
  );
}

function refused(message: string, expected: string, actual: string): ModelFormatError {
  return new ModelFormatError(message, { step: 'read the model', expected, actual });
}
