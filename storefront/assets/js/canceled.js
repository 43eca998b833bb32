import "./header.js"; // this page only says one thing, and shows who is signed in
