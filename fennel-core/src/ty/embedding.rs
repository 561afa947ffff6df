//! Vectors of a fixed length.

/// Exactly `DIM` floats, at least one.
///
/// ```
/// use fennel_core::ty::Embedding;
///
/// let vector: Embedding<3> = [0.1, 0.2, 0.3].into();
/// assert_eq!(vector.as_slice()[2], 0.3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Embedding<const DIM: usize>([f64; DIM]);

impl<const DIM: usize> Embedding<DIM> {
    /// The floats.
    #[must_use]
    pub const fn as_slice(&self) -> &[f64] {
        &self.0
    }
}

impl<const DIM: usize> From<[f64; DIM]> for Embedding<DIM> {
    fn from(floats: [f64; DIM]) -> Self {
        Embedding(floats)
    }
}

impl<const DIM: usize> From<[f32; DIM]> for Embedding<DIM> {
    fn from(floats: [f32; DIM]) -> Self {
        Embedding(floats.map(f64::from))
    }
}
