import type { WeightType } from '../weight-store.js';
import type { GlobalRole, PickleGlobal, StorageType } from './pickle-values.js';

/**
 * Describes a Python name found in a torch checkpoint. The list is closed: what is not on it has the role `refused`.
 * Names are those of `torch.save` from 0.1.11 on, and of what training frameworks leave beside the weights.
 */
export function describeGlobal(module: string, name: string): PickleGlobal {
  const full = `${renamedModules.get(module) ?? module}.${name}`;
  const storage = storageClasses.get(full);
  if (storage !== undefined) return { kind: 'global', name: full, role: 'storage-class', type: storage };
  const type = dtypes.get(full);
  if (type !== undefined) return { kind: 'global', name: full, role: 'dtype', type };
  return { kind: 'global', name: full, role: roles.get(full) ?? roleByPrefix(full) };
}

/** Python 2's names, which protocol 2 writes, and modules that torch renamed. */
const renamedModules: ReadonlyMap<string, string> = new Map([
  ['__builtin__', 'builtins'],
  ['copy_reg', 'copyreg'],
  ['torch.tensor', 'torch._tensor'],
  ['numpy._core.multiarray', 'numpy.core.multiarray'],
]);

const storageClasses: ReadonlyMap<string, StorageType> = new Map([
  ['torch.FloatStorage', 'f32'],
  ['torch.HalfStorage', 'f16'],
  ['torch.BFloat16Storage', 'bf16'],
  ['torch.DoubleStorage', 'f64'],
  ['torch.LongStorage', 'i64'],
  ['torch.IntStorage', 'i32'],
  ['torch.ShortStorage', 'i16'],
  ['torch.CharStorage', 'i8'],
  ['torch.ByteStorage', 'u8'],
  ['torch.BoolStorage', 'bool'],
  ['torch.storage.UntypedStorage', 'bytes'],
  ['torch.storage.TypedStorage', 'bytes'],
  ['torch.UntypedStorage', 'bytes'],
]);

const dtypes: ReadonlyMap<string, WeightType> = new Map([
  ['torch.float32', 'f32'],
  ['torch.float16', 'f16'],
  ['torch.bfloat16', 'bf16'],
  ['torch.float64', 'f64'],
  ['torch.float8_e4m3fn', 'f8_e4m3'],
  ['torch.float8_e5m2', 'f8_e5m2'],
  ['torch.float8_e4m3fnuz', 'f8_e4m3fnuz'],
  ['torch.float8_e5m2fnuz', 'f8_e5m2fnuz'],
  ['torch.float8_e8m0fnu', 'f8_e8m0'],
  ['torch.int64', 'i64'],
  ['torch.int32', 'i32'],
  ['torch.int16', 'i16'],
  ['torch.int8', 'i8'],
  ['torch.uint64', 'u64'],
  ['torch.uint32', 'u32'],
  ['torch.uint16', 'u16'],
  ['torch.uint8', 'u8'],
  ['torch.bool', 'bool'],
]);

const opaqueNames: readonly string[] = [
  ...[
    'set',
    'frozenset',
    'bytearray',
    'complex',
    'list',
    'dict',
    'tuple',
    'int',
    'float',
    'str',
    'slice',
    'object',
  ].map((name) => `builtins.${name}`),
  'argparse.Namespace',
  'numpy.core.multiarray._reconstruct',
  'numpy.core.multiarray.scalar',
  'numpy.dtype',
  'numpy.ndarray',
  'torch.device',
  'torch.nn.modules.container.ParameterDict',
  'torch.serialization._get_layout',
  'typing.Any',
];

const roles: ReadonlyMap<string, GlobalRole> = new Map<string, GlobalRole>([
  ...opaqueNames.map((name): [string, GlobalRole] => [name, 'opaque']),
  ['collections.OrderedDict', 'dict'],
  ['collections.defaultdict', 'dict'],
  ['collections.Counter', 'dict'],
  ['_codecs.encode', 'encode'],
  ['torch.Size', 'size'],
  ['torch._utils._rebuild_tensor', 'rebuild-tensor'],
  ['torch._utils._rebuild_tensor_v2', 'rebuild-tensor'],
  ['torch._utils._rebuild_tensor_v3', 'rebuild-tensor-typed'],
  ['torch._utils._rebuild_parameter', 'rebuild-parameter'],
  ['torch._utils._rebuild_parameter_with_state', 'rebuild-parameter'],
  ['torch.nn.parameter.Parameter', 'parameter-class'],
]);

/** Leftovers of trainers and their configurations. They are inert here, so a whole package may pass. */
const opaquePackages: readonly string[] = ['pytorch_lightning.', 'lightning.', 'omegaconf.', 'torch.optim.'];

function roleByPrefix(name: string): GlobalRole {
  return opaquePackages.some((prefix) => name.startsWith(prefix)) ? 'opaque' : 'refused';
}
