//! Functions over columns.

use super::Function;
use crate::expr::eval::{Compiler, Node};
use crate::expr::function::Call;
use crate::message::Message;
use crate::ty::Computed;

impl Function {
    /// The node of a call.
    pub(in crate::expr::function) fn compile<'a>(
        self,
        _written: &Call<'_, 'a>,
        _ty: Computed<'a>,
        _compiler: &mut Compiler<'_, 'a>,
    ) -> Result<Node, Message> {
        Err(Message::new("")
            .name(self.signature().name)
            .text(" can't be evaluated yet"))
    }
}
