"""fit with clipping, accumulation, early stopping and checkpoints; resume, test and predict."""

import logging
import tempfile

import pytorch_lightning as lightning
import torch
from pytorch_lightning.callbacks import EarlyStopping, LearningRateMonitor, ModelCheckpoint
from pytorch_lightning.loggers import CSVLogger
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)


class Classifier(lightning.LightningModule):
    def __init__(self, width=16):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Linear(6, width), nn.ReLU(), nn.Linear(width, 2))

    def step(self, batch, name):
        loss = nn.functional.cross_entropy(self.net(batch[0]), batch[1])
        self.log(name, loss)
        return loss

    def training_step(self, batch, index):
        return self.step(batch, "train")

    def validation_step(self, batch, index):
        self.step(batch, "val")

    def test_step(self, batch, index):
        self.step(batch, "test")

    def predict_step(self, batch, index):
        return self.net(batch[0]).argmax(-1)

    def configure_optimizers(self):
        optimizer = torch.optim.AdamW(self.parameters(), lr=1e-2)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)]


with tempfile.TemporaryDirectory() as folder:
    lightning.seed_everything(1)
    x = torch.randn(64, 6)
    data = TensorDataset(x, (x.sum(1) > 0).long())
    train, validate = DataLoader(data, 8, shuffle=True), DataLoader(data, 32)
    quiet = {"accelerator": "cpu", "enable_progress_bar": False, "enable_model_summary": False}
    checkpoint = ModelCheckpoint(folder, monitor="val", save_last=True)
    trainer = lightning.Trainer(
        max_epochs=4,
        logger=CSVLogger(folder),
        log_every_n_steps=1,
        gradient_clip_val=0.5,
        accumulate_grad_batches=2,
        callbacks=[checkpoint, EarlyStopping("val", patience=2), LearningRateMonitor()],
        **quiet,
    )
    model = Classifier()
    trainer.fit(model, train, validate)
    print(trainer.global_step, sorted((k, v.item()) for k, v in trainer.callback_metrics.items()))
    best = Classifier.load_from_checkpoint(checkpoint.best_model_path, weights_only=False)
    print(best.hparams.width, [p.norm().item() for p in best.parameters()])
    again = lightning.Trainer(max_epochs=6, logger=False, enable_checkpointing=False, **quiet)
    again.fit(Classifier(), train, validate, ckpt_path=checkpoint.last_model_path)
    print(
        again.global_step, again.test(again.lightning_module, dataloaders=validate, verbose=False)
    )
    print(torch.cat(again.predict(again.lightning_module, dataloaders=validate)).tolist())
