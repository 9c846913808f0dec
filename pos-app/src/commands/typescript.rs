//! The screens' types, generated, so that they cannot drift from the core.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ts_rs::{Config, TS, TypeVisitor};

use super::CommandError;
use super::registry::{COMMANDS, visit_types};
use super::types::{Approval, Approver, Notice};

/// The whole of `generated.ts`.
pub fn generate() -> String {
    let config = Config::new().with_large_int("number");
    let mut declared = Declared { config: &config, types: BTreeMap::new() };
    visit_types(&mut declared);
    declared.visit::<CommandError>();
    declared.visit::<Approval>();
    declared.visit::<Approver>();
    declared.visit::<Notice>();
    let mut text = String::from("// Generated from the till's Rust types. Do not edit: a test compares it.\n\n");
    for declaration in declared.types.values() {
        writeln!(text, "export {declaration}\n").expect("a string takes all writes");
    }
    text.push_str("/** Every command: what it takes and what it answers. */\nexport interface Commands {\n");
    for command in COMMANDS {
        let (args, answer) = ((command.args)(&config), (command.answer)(&config));
        let (name, about) = (command.name, command.about);
        writeln!(text, "  /** {about} */\n  \"{name}\": {{ args: {args}; answer: {answer} }};")
            .expect("a string takes all writes");
    }
    text.push_str("}\n");
    text
}

struct Declared<'a> {
    config: &'a Config,
    types: BTreeMap<String, String>,
}

impl TypeVisitor for Declared<'_> {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Only types of our own have a file to live in; the rest are TypeScript's.
        if T::output_path().is_some() {
            let name = T::ident(self.config);
            if !self.types.contains_key(&name) {
                self.types.insert(name, T::decl(self.config));
                T::visit_dependencies(self);
                T::visit_generics(self);
            }
        } else {
            T::visit_dependencies(self);
            T::visit_generics(self);
        }
    }
}
