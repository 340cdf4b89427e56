"""Columns that no row has are left out, the others keep their order and their values."""

import numpy as np
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from smf_embed.used_features import used_features

matrices = st.tuples(st.integers(0, 6), st.integers(1, 9)).flatmap(
    lambda shape: arrays(np.float32, shape, elements=st.sampled_from([0, 0, 0, 1, 2.5]))
)


@given(matrices)
def test_narrow_and_used_give_the_matrix_back(values: np.ndarray) -> None:
    narrow, used = used_features(sp.csr_matrix(values))
    assert used.tolist() == np.flatnonzero(values.any(axis=0)).tolist()
    assert narrow.shape == (len(values), len(used))
    np.testing.assert_array_equal(narrow.toarray(), values[:, used])
