/** First bytes by which other files that people open by mistake are known: text, or bytes as hex pairs. */
const SIGNATURES: readonly { readonly at: number; readonly text: string; readonly kind: string }[] = [
  { at: 0, text: 'GGUF', kind: 'a GGUF model (llama.cpp)' },
  { at: 0, text: '\x89HDF', kind: 'an HDF5 file, such as a Keras model' },
  { at: 4, text: 'TFL3', kind: 'a TensorFlow Lite model' },
  { at: 4, text: 'ORTM', kind: 'a model in ONNX Runtime’s own .ort format' },
  { at: 0, text: '\x93NUMPY', kind: 'a NumPy array' },
  { at: 0, text: '\x1f\x8b', kind: 'a gzip archive' },
  { at: 0, text: '\x28\xb5\x2f\xfd', kind: 'a Zstandard archive' },
  { at: 0, text: '7z\xbc\xaf', kind: 'a 7-Zip archive' },
  { at: 0, text: '%PDF', kind: 'a PDF document' },
  { at: 0, text: '\x89PNG', kind: 'a PNG picture' },
  { at: 0, text: '\xff\xd8\xff', kind: 'a JPEG picture' },
  { at: 0, text: 'GIF8', kind: 'a GIF picture' },
  { at: 8, text: 'WEBP', kind: 'a WebP picture' },
  { at: 0, text: '\x7fELF', kind: 'a program' },
  { at: 0, text: 'version https://git-lfs', kind: 'a Git LFS pointer, not the model that it stands for' },
  { at: 0, text: '\x80\x02', kind: 'a Python pickle, such as a PyTorch checkpoint' },
  { at: 0, text: '\x80\x03', kind: 'a Python pickle, such as a PyTorch checkpoint' },
  { at: 0, text: '\x80\x04', kind: 'a Python pickle, such as a PyTorch checkpoint' },
  { at: 0, text: '\x80\x05', kind: 'a Python pickle, such as a PyTorch checkpoint' },
];

/** How many first bytes {@link foreignKind} looks at. */
export const KIND_BYTES = 256;

/** Names the kind of a file that is surely no ONNX model ("an HTML page"), by its first bytes; else null. */
export function foreignKind(head: Uint8Array): string | null {
  const latin1 = Array.from(head.subarray(0, KIND_BYTES), (byte) => String.fromCharCode(byte)).join('');
  const known = SIGNATURES.find(({ at, text }) => latin1.startsWith(text, at));
  if (known) return known.kind;
  if (latin1.startsWith('PK\x03\x04')) {
    return latin1.includes('data.pkl') ? 'a PyTorch checkpoint' : 'a ZIP archive';
  }
  // Length of a JSON header in 8 bytes, then the header.
  if (/^[\s\S]{5}\0{3}\{"/.test(latin1)) return 'a safetensors file: weights without a graph';
  const text = latin1.replace(/^\xef\xbb\xbf/, '').trimStart();
  if (/^<(!doctype html|html|head|body)/i.test(text)) return 'an HTML page';
  if (/^<(\?xml|svg|!--|[a-z]+[ >])/i.test(text)) return 'an XML file';
  if (/^[{[]\s*["{[\d]/.test(text)) return 'a JSON file';
  return isText(latin1) ? 'a text file' : null;
}

/** An ONNX model has control characters within its first bytes: its version, lengths and types. */
function isText(latin1: string): boolean {
  return latin1.length >= 4 && /^[\t\r\n\x20-\x7e]*$/.test(latin1);
}
