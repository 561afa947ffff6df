//! `fennel-server`: the server without functions of a project.

fennel_server::main!();
